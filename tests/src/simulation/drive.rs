//! Runs a future that may wait for real threads, on this thread, until it ends or the process "dies".

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
};

use tokio::runtime::{Builder, Runtime};

/// What the database and the network work on; the histories themselves stay on one thread each.
static BEHIND: LazyLock<Option<Runtime>> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().ok());

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future to its end. `None` = it waits for ever because the process has died: `dead` was set.
pub fn drive<T>(dead: &AtomicBool, future: impl Future<Output = T>) -> Option<T> {
    let runtime = BEHIND.as_ref()?;
    let _entered = runtime.enter();
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return Some(value),
            Poll::Pending if dead.swap(false, Ordering::SeqCst) => return None,
            Poll::Pending => std::thread::park(),
        }
    }
}
