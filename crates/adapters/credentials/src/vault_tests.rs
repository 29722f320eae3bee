//! Tests of the vault as a whole.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use passerelle_ports::{Code, Detail, Reason};

use super::*;
use crate::KdfCost;

const CANARY: &str = "1//canary-0e5b-refresh-token";

struct Place {
    dir: tempfile::TempDir,
}

/// A disk that stops working after some effects: before the fatal one, or just after it.
struct Dying {
    left: Arc<AtomicUsize>,
    after: bool,
}

impl Dying {
    fn effect(&self, file: &Path, act: impl FnOnce() -> VaultResult<()>) -> VaultResult<()> {
        let dead = || VaultError::Io { file: file.to_owned(), source: io::Error::other("crash") };
        match self.left.load(Ordering::SeqCst) {
            0 => Err(dead()),
            1 if self.after => {
                self.left.store(0, Ordering::SeqCst);
                act()?;
                Err(dead())
            }
            left => {
                self.left.store(left - 1, Ordering::SeqCst);
                act()
            }
        }
    }
}

impl Disk for Dying {
    fn replace(&self, file: &Path, content: &[u8]) -> VaultResult<()> {
        self.effect(file, || OsDisk.replace(file, content))
    }
    fn shred(&self, file: &Path) -> VaultResult<()> {
        self.effect(file, || OsDisk.shred(file))
    }
    fn rename(&self, from: &Path, to: &Path) -> VaultResult<()> {
        self.effect(to, || OsDisk.rename(from, to))
    }
}

fn here() -> InstallationId {
    "acme".into()
}

fn id(user: &str) -> CredentialId {
    CredentialId::new(user, "google", format!("{user}@acme.example"), "refresh_token")
}

fn secret(user: &str) -> Secret {
    Secret::new(format!("{CANARY}-{user}"))
}

impl Place {
    fn new() -> Self {
        Place { dir: tempfile::tempdir().unwrap() }
    }
    fn vault(&self) -> PathBuf {
        self.dir.path().join("vault")
    }
    fn key(&self, name: &str) -> KeySource {
        KeySource::file(self.dir.path().join(name))
    }
    fn create(&self) -> Vault {
        Vault::create(&self.vault(), &self.key("k1"), &here()).unwrap()
    }
    fn open(&self, key: &str) -> VaultResult<Vault> {
        Vault::open(&self.vault(), &self.key(key), &here())
    }
    fn filled(&self, users: &[&str]) -> Vault {
        let vault = self.create();
        for user in users {
            vault.put(&id(user), &secret(user)).unwrap();
        }
        vault
    }
    fn raw(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in fs::read_dir(self.vault()).unwrap() {
            let path = entry.unwrap().path();
            all.extend(path.display().to_string().into_bytes());
            all.extend(fs::read(path).unwrap());
        }
        all
    }
}

fn assert_reads(vault: &Vault, users: &[&str]) {
    for user in users {
        let kept = vault.get(&id(user)).unwrap().unwrap();
        assert_eq!(kept.expose(), secret(user).expose());
    }
    assert_eq!(vault.list().unwrap().len(), users.len());
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_put_is_found_again_after_opening() {
    let place = Place::new();
    place.filled(&["alice", "bob"]);
    let vault = place.open("k1").unwrap();
    assert_reads(&vault, &["alice", "bob"]);
    assert!(vault.get(&id("carol")).unwrap().is_none());
    vault.put(&id("bob"), &Secret::new("newer")).unwrap();
    assert_eq!(vault.get(&id("bob")).unwrap().unwrap().expose(), "newer");
    assert!(vault.delete(&id("bob")).unwrap());
    assert!(!vault.delete(&id("bob")).unwrap());
    assert_eq!(vault.list().unwrap(), [id("alice")]);
}

#[test]
fn swapped_files_of_two_users_do_not_open() {
    let place = Place::new();
    let vault = place.filled(&["alice", "bob"]);
    let (a, b) = (vault.file(&id("alice")), vault.file(&id("bob")));
    let (of_a, of_b) = (fs::read(&a).unwrap(), fs::read(&b).unwrap());
    fs::write(&a, &of_b).unwrap();
    fs::write(&b, &of_a).unwrap();
    for user in ["alice", "bob"] {
        assert_eq!(vault.get(&id(user)).unwrap_err().code(), Some(Code::Vault002));
    }
    assert!(vault.list().unwrap().is_empty());
    assert_eq!(vault.status().unwrap().damaged.len(), 2);
    let renamed = String::from_utf8(of_b).unwrap().replace("bob", "alice");
    fs::write(&a, renamed).unwrap();
    assert_eq!(vault.get(&id("alice")).unwrap_err().code(), Some(Code::Vault002));
}

#[test]
fn vault_file_holds_no_canary() {
    let place = Place::new();
    let vault = place.filled(&["alice"]);
    let raw = String::from_utf8_lossy(&place.raw()).into_owned();
    assert!(!raw.contains("canary"));
    for entry in fs::read_dir(place.vault()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains("alice"), "{name}");
    }
    fs::write(vault.file(&id("alice")), "{").unwrap();
    let error = vault.get(&id("alice")).unwrap_err();
    let shown = format!("{vault:?} {error:?} {error} {:?} {:?}", secret("alice"), place.key("k1"));
    assert!(!shown.contains("canary") && !shown.contains("alice@"), "{shown}");
}

#[test]
fn a_missing_key_is_refused_and_none_is_made() {
    let place = Place::new();
    place.filled(&["alice"]);
    let key = place.dir.path().join("k1");
    let content = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let error = place.open("k1").unwrap_err();
    assert_eq!(error.code(), Some(Code::Vault001));
    let about = [Detail::Source("file".to_owned()), Detail::Reason(Reason::FileNotFound)];
    assert_eq!(error.context(), about.into_iter().collect());
    assert!(!key.exists());
    disk::create_private(&key, &content).unwrap();
    assert_reads(&place.open("k1").unwrap(), &["alice"]);
}

#[test]
fn another_key_installation_or_directory_is_refused() {
    let place = Place::new();
    place.filled(&["alice"]);
    disk::create_private(&place.dir.path().join("k2"), "ab".repeat(32).as_bytes()).unwrap();
    assert_eq!(place.open("k2").unwrap_err().code(), Some(Code::Vault002));
    let other = Vault::open(&place.vault(), &place.key("k1"), &"other".into()).unwrap_err();
    assert_eq!(other.code(), Some(Code::Vault007));
    let nowhere = Vault::open(&place.dir.path().join("no"), &place.key("k1"), &here()).unwrap_err();
    assert!(matches!(nowhere, VaultError::Absent { .. }));
    let twice = Vault::create(&place.vault(), &place.key("k1"), &here()).unwrap_err();
    assert!(matches!(twice, VaultError::Present { .. }));
}

#[cfg(unix)]
#[test]
fn wide_modes_are_refused() {
    let place = Place::new();
    let vault = place.filled(&["alice"]);
    let key = place.dir.path().join("k1");
    let wide = |path: &Path, narrow: u32| {
        for mode in [narrow | 0o004, narrow | 0o040, narrow | 0o020] {
            set_mode(path, mode);
            assert_eq!(place.open("k1").unwrap_err().code(), Some(Code::Sys106), "{mode:o}");
        }
        set_mode(path, narrow);
        place.open("k1").unwrap();
    };
    wide(&key, 0o600);
    wide(&place.vault(), 0o700);
    wide(&place.vault().join(HEADER), 0o600);
    set_mode(&vault.file(&id("alice")), 0o640);
    assert_eq!(vault.get(&id("alice")).unwrap_err().code(), Some(Code::Sys106));
}

#[cfg(unix)]
#[test]
fn what_is_made_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let vault = place.filled(&["alice"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.vault()), 0o700);
    assert_eq!(mode(&place.dir.path().join("k1")), 0o600);
    assert_eq!(mode(&vault.file(&id("alice"))), 0o600);
    assert_eq!(mode(&place.vault().join(HEADER)), 0o600);
}

#[test]
fn a_passphrase_opens_and_a_wrong_one_does_not() {
    let place = Place::new();
    let cost = KdfCost { memory_kib: 64, passes: 1, lanes: 1 };
    let source = |text: &str| KeySource::Passphrase { passphrase: Secret::new(text), cost };
    let vault = Vault::create(&place.vault(), &source("good"), &here()).unwrap();
    vault.put(&id("alice"), &secret("alice")).unwrap();
    assert!(vault.status().unwrap().weak);
    assert_reads(&Vault::open(&place.vault(), &source("good"), &here()).unwrap(), &["alice"]);
    let wrong = Vault::open(&place.vault(), &source("bad"), &here()).unwrap_err();
    assert_eq!(wrong.code(), Some(Code::Vault002));
    let file = Vault::open(&place.vault(), &place.key("none"), &here()).unwrap_err();
    assert_eq!(file.code(), Some(Code::Vault004));
    vault.rotate(&source("better")).unwrap();
    assert!(Vault::open(&place.vault(), &source("good"), &here()).is_err());
    assert_reads(&Vault::open(&place.vault(), &source("better"), &here()).unwrap(), &["alice"]);
}

#[cfg(unix)]
#[test]
fn a_command_and_a_systemd_credential_give_the_key() {
    let place = Place::new();
    let credentials = place.dir.path().join("credentials");
    disk::private_dir(&credentials).unwrap();
    let key = "0f".repeat(32);
    disk::create_private(&credentials.join("vault-key"), key.as_bytes()).unwrap();
    let systemd =
        |name: &str| KeySource::SystemdCredential { directory: credentials.clone(), name: name.into() };
    let command =
        |args: &str| KeySource::Command { program: "/bin/sh".into(), args: vec!["-c".into(), args.into()] };
    let vault = Vault::create(&place.vault(), &systemd("vault-key"), &here()).unwrap();
    vault.put(&id("alice"), &secret("alice")).unwrap();
    let same = Vault::open(&place.vault(), &command(&format!("echo {key}")), &here()).unwrap();
    assert_reads(&same, &["alice"]);
    for source in [systemd("other"), systemd("../k"), command("exit 3"), command("true")] {
        let error = Vault::open(&place.vault(), &source, &here()).unwrap_err();
        assert_eq!(error.code(), Some(Code::Vault001), "{source:?}");
    }
    // Since version 254, systemd shows a credential with the mask of its access list as the rights of its group.
    set_mode(&credentials.join("vault-key"), 0o440);
    assert_reads(&Vault::open(&place.vault(), &systemd("vault-key"), &here()).unwrap(), &["alice"]);
    set_mode(&credentials.join("vault-key"), 0o444);
    let public = Vault::open(&place.vault(), &systemd("vault-key"), &here()).unwrap_err();
    assert_eq!(public.code(), Some(Code::Sys106));
}

#[cfg(unix)]
#[test]
fn a_command_that_leaves_a_process_behind_is_waited_for_no_longer_than_itself() {
    let place = Place::new();
    let key = "0f".repeat(32);
    // The key is printed, its output is closed, and something goes on.
    let line = format!("echo {key}; exec sleep 0 >/dev/null");
    let source = KeySource::Command { program: "/bin/sh".into(), args: vec!["-c".into(), line] };
    Vault::create(&place.vault(), &source, &here()).unwrap();
    let large = KeySource::Command { program: "/usr/bin/env".into(), args: vec!["yes".into()] };
    assert!(Vault::open(&place.vault(), &large, &here()).is_err(), "output without end is no key");
}

#[test]
fn rotation_changes_the_key_and_nothing_else() {
    let place = Place::new();
    let vault = place.filled(&["alice", "bob"]);
    assert_eq!(vault.rotate(&place.key("k2")).unwrap(), Rotated { credentials: 2, damaged: 0 });
    assert_eq!(vault.rotate(&place.key("k2")).unwrap(), Rotated::default());
    assert_reads(&vault, &["alice", "bob"]);
    assert_eq!(place.open("k1").unwrap_err().code(), Some(Code::Vault002));
    assert_reads(&place.open("k2").unwrap(), &["alice", "bob"]);
}

#[test]
fn a_deep_rotation_leaves_no_old_ciphertext() {
    let place = Place::new();
    let vault = place.filled(&["alice"]);
    let before = read(&vault.file(&id("alice"))).unwrap().unwrap();
    assert_eq!(vault.rotate_deep().unwrap().credentials, 1);
    let after = read(&vault.file(&id("alice"))).unwrap().unwrap();
    assert_ne!(before, after);
    assert_eq!(before.kek, after.kek);
    assert_reads(&place.open("k1").unwrap(), &["alice"]);
}

#[test]
fn a_crash_at_each_step_of_a_rotation_leaves_a_vault_that_opens() {
    let users = ["alice", "bob", "carol"];
    for after in [false, true] {
        let mut steps = 0;
        loop {
            let place = Place::new();
            place.filled(&users);
            let dying = Dying { left: Arc::new(AtomicUsize::new(steps + usize::from(after))), after };
            let vault = Vault::open_on(Box::new(dying), &place.vault(), &place.key("k1"), &here()).unwrap();
            let stopped = vault.rotate(&place.key("k2")).is_err();
            drop(vault);
            let opened: Vec<Vault> = ["k1", "k2"].iter().filter_map(|key| place.open(key).ok()).collect();
            assert!(!opened.is_empty(), "step {steps} after {after}: no key opens the vault");
            for vault in &opened {
                assert_reads(vault, &users);
            }
            if opened[0].status().unwrap().rotating {
                assert_eq!(opened.len(), 2, "step {steps}: both keys open while a rotation is under way");
                opened[1].put(&id("bob"), &secret("bob")).unwrap();
            }
            opened[0].rotate(&place.key("k2")).unwrap();
            assert_reads(&place.open("k2").unwrap(), &users);
            assert!(place.open("k1").is_err());
            if !stopped {
                break;
            }
            steps += 1;
        }
        assert!(steps >= 5, "header, three credentials, header: {steps}");
    }
}

#[test]
fn a_crash_at_each_step_of_a_change_of_source_leaves_a_vault_that_the_settings_open() {
    let users = ["alice", "bob", "carol"];
    for (after, wanted) in [(false, "k2"), (true, "k2"), (false, "k3"), (true, "k3")] {
        let mut steps = 0;
        loop {
            let place = Place::new();
            place.filled(&users);
            let dying = Dying { left: Arc::new(AtomicUsize::new(steps + usize::from(after))), after };
            let vault = Vault::open_on(Box::new(dying), &place.vault(), &place.key("k1"), &here()).unwrap();
            // The settings change between the two halves, or not at all.
            let settings = if vault.begin_rotation(&place.key("k2")).is_ok() { "k2" } else { "k1" };
            let stopped = settings == "k1" || vault.finish_rotation().is_err();
            drop(vault);
            let opened = place.open(settings).unwrap_or_else(|error| panic!("{steps} {after}: {error}"));
            assert_reads(&opened, &users);
            // Done again, or with another wish: whenever that stops, the settings open the vault.
            let other = opened.begin_rotation(&place.key(wanted)).unwrap();
            assert_reads(&place.open(settings).unwrap(), &users);
            assert!(other || wanted == settings, "{steps} {after}: {wanted} is a new key");
            assert_reads(&place.open(wanted).unwrap(), &users);
            opened.finish_rotation().unwrap();
            assert_reads(&place.open(wanted).unwrap(), &users);
            for key in ["k1", "k2", "k3"] {
                assert_eq!(place.open(key).is_ok(), key == wanted, "{steps} {after}: {key}");
            }
            if !stopped {
                break;
            }
            steps += 1;
        }
        assert!(steps >= 5, "header, three credentials, header: {steps}");
    }
}

#[test]
fn a_rotation_that_was_begun_can_be_given_up() {
    let place = Place::new();
    let vault = place.filled(&["alice"]);
    assert!(vault.begin_rotation(&place.key("k2")).unwrap());
    vault.put(&id("bob"), &secret("bob")).unwrap();
    assert_eq!(vault.cancel_rotation().unwrap(), Rotated { credentials: 1, damaged: 0 });
    assert_reads(&place.open("k1").unwrap(), &["alice", "bob"]);
    assert!(place.open("k2").is_err());
    assert!(!vault.begin_rotation(&place.key("k1")).unwrap(), "the key is the present one");
}

#[test]
fn another_kind_of_source_than_the_vault_notes_is_named() {
    let place = Place::new();
    place.filled(&["alice"]);
    let command = KeySource::Command { program: "/bin/echo".into(), args: vec!["0f".repeat(32)] };
    let error = Vault::open(&place.vault(), &command, &here()).unwrap_err();
    assert_eq!(error.code(), Some(Code::Vault004));
    let about = [Detail::Source("command".to_owned()), Detail::Noted("file".to_owned())];
    assert_eq!(error.context(), about.into_iter().collect());
    // The same key from elsewhere is the vault's key; a rotation to it notes where it comes from now.
    let key = fs::read_to_string(place.dir.path().join("k1")).unwrap();
    let moved = KeySource::Command { program: "/bin/echo".into(), args: vec![key.trim().to_owned()] };
    let vault = Vault::open(&place.vault(), &moved, &here()).unwrap();
    assert!(!vault.begin_rotation(&moved).unwrap());
    assert_eq!(vault.status().unwrap().source, "command");
}

#[test]
fn a_crash_while_a_newer_secret_is_kept_leaves_the_old_one_or_the_new_one() {
    for after in [false, true] {
        let place = Place::new();
        place.filled(&["alice"]);
        let dying = Dying { left: Arc::new(AtomicUsize::new(usize::from(after))), after };
        let vault = Vault::open_on(Box::new(dying), &place.vault(), &place.key("k1"), &here()).unwrap();
        assert!(vault.put(&id("alice"), &Secret::new("rotated")).is_err());
        let kept = place.open("k1").unwrap().get(&id("alice")).unwrap().unwrap();
        let expected = if after { "rotated".to_owned() } else { secret("alice").expose().to_owned() };
        assert_eq!(kept.expose(), expected);
    }
}

#[test]
fn a_crash_at_each_step_of_a_rotation_in_place_leaves_a_vault_that_its_file_opens() {
    let users = ["alice", "bob", "carol"];
    for after in [false, true] {
        let mut steps = 0;
        loop {
            let place = Place::new();
            place.filled(&users);
            let file = place.dir.path().join("k1");
            let before = fs::read(&file).unwrap();
            let dying = Dying { left: Arc::new(AtomicUsize::new(steps + usize::from(after))), after };
            let vault = Vault::open_on(Box::new(dying), &place.vault(), &place.key("k1"), &here()).unwrap();
            let stopped = vault.rotate_file(&file).is_err();
            drop(vault);
            let opened = place.open("k1").unwrap_or_else(|error| panic!("step {steps} {after}: {error}"));
            assert_reads(&opened, &users);
            opened.rotate_file(&file).unwrap();
            assert_reads(&place.open("k1").unwrap(), &users);
            assert_ne!(fs::read(&file).unwrap(), before, "step {steps}: the key is a new one");
            assert!(!next_to(&file).exists());
            if !stopped {
                break;
            }
            steps += 1;
        }
        assert!(steps >= 6, "header, three credentials, header, the file: {steps}");
    }
}

#[test]
fn another_process_that_rotated_is_noticed_before_a_write() {
    let place = Place::new();
    let stale = place.filled(&["alice"]);
    place.open("k1").unwrap().rotate(&place.key("k2")).unwrap();
    assert_eq!(stale.put(&id("bob"), &secret("bob")).unwrap_err().code(), Some(Code::Vault002));
    assert_eq!(stale.get(&id("alice")).unwrap_err().code(), Some(Code::Vault002));
    assert_reads(&place.open("k2").unwrap(), &["alice"]);
}

#[test]
fn a_damaged_file_stops_neither_the_others_nor_a_rotation() {
    let place = Place::new();
    let vault = place.filled(&["alice", "bob"]);
    fs::write(vault.file(&id("bob")), "not json").unwrap();
    assert_eq!(vault.rotate(&place.key("k2")).unwrap(), Rotated { credentials: 1, damaged: 1 });
    assert_eq!(vault.list().unwrap(), [id("alice")]);
    assert_eq!(vault.status().unwrap().damaged.len(), 1);
}

#[test]
fn a_secret_that_does_not_open_is_not_called_sound() {
    let place = Place::new();
    let vault = place.filled(&["alice", "bob"]);
    let file = vault.file(&id("bob"));
    // The last sealed thing in the file is the secret: one letter of it is another.
    let mut envelope: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let of_alice: serde_json::Value =
        serde_json::from_slice(&fs::read(vault.file(&id("alice"))).unwrap()).unwrap();
    envelope["secret"] = of_alice["secret"].clone();
    fs::write(&file, envelope.to_string()).unwrap();
    assert_eq!(vault.get(&id("bob")).unwrap_err().code(), Some(Code::Vault002));
    let status = vault.status().unwrap();
    assert_eq!((status.credentials, status.damaged.len()), (1, 1));
}

#[test]
fn a_vault_that_is_gone_is_not_one_without_secrets() {
    let place = Place::new();
    let vault = place.filled(&["alice"]);
    assert!(vault.get(&id("bob")).unwrap().is_none());
    fs::rename(place.vault(), place.vault().with_extension("away")).unwrap();
    for error in [
        vault.get(&id("alice")).unwrap_err(),
        vault.put(&id("alice"), &secret("alice")).unwrap_err(),
        vault.try_hold(&id("alice")).unwrap_err(),
        vault.status().unwrap_err(),
    ] {
        assert_eq!(error.code(), Some(Code::Vault005), "{error}");
    }
    assert!(!place.vault().exists(), "nothing is made anew in its place");
}
