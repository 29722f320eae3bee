//! `explain`: the article of an error, offline.

use passerelle_ports::{Clock, Code, Detail};
use passerelle_service::Failure;
use passerelle_texts::{explain, render};

use crate::{
    cli::Explain,
    context::{App, Exit, done},
};

pub fn run(app: &App, args: &Explain) -> Exit {
    let article = explain::<&str>(&args.code, app.out.lang, &[])
        .ok_or_else(|| Failure::new(Code::Use110).with(Detail::Key, &args.code))?;
    app.out.result(&render(&article, app.out.lang));
    app.out.line("article", app.clock.now(), &article);
    done(app, 0)
}
