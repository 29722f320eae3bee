//! The vault from the outside: where its key comes from, another key in its place, and that nothing of what it holds
//! is ever seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)]
mod office;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use office::{ACCOUNT, Done, Office};
use passerelle_credentials::{CredentialId, KeySource, Secret, Vault};
use serde_json::json;

const KEY: &str = include_str!("../../adapters/google-transport/tests/service-account.json");
const KEY_PUBLIC: &str = include_str!("common/service-account.pub.pem");
const PASSPHRASE: &str = "canary passphrase of five words";

fn private(office: &Office, name: &str, text: &str) -> String {
    let path = office.file(name, text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn key_file(office: &Office) -> PathBuf {
    office.dir.path().join("etc/passerelle/vault.key")
}

fn settings(office: &Office) -> String {
    fs::read_to_string(office.dir.path().join("etc/passerelle/config.toml")).unwrap()
}

/// An installation whose vault has another source than a file, with alice connected.
fn with_source(args: &[&str], every: &[&str]) -> Office {
    let office = Office::empty();
    let args: Vec<&str> = [&["init", "--non-interactive", "--user", "alice"], args, every].concat();
    office.run(&args).expect(0);
    office
}

#[test]
fn a_passphrase_opens_the_vault_and_a_wrong_or_missing_one_does_not() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let (good, bad, short) =
        (write("good", PASSPHRASE), write("bad", "another phrase of words"), write("short", "short"));
    let office = Office::empty();
    let init = |file: &str| {
        let args = ["init", "--non-interactive", "--json", "--user", "alice", "--key-source", "passphrase"];
        Done::from(office.command().args(args).args(["--passphrase-file", file]).output().unwrap())
    };
    assert_eq!(init(&short).expect(2).summary()["code"], "VAULT-003");
    init(&good).expect(0);
    let run = |args: &[&str]| Done::from(office.command().args(args).output().unwrap());
    assert_eq!(run(&["vault", "status", "--json"]).expect(2).summary()["code"], "USE-108");
    let refused = run(&["vault", "status", "--json", "--passphrase-file", &bad]).expect(9);
    assert_eq!(refused.summary()["code"], "VAULT-002");
    let status = run(&["vault", "status", "--json", "--passphrase-file", &good]).expect(0);
    assert_eq!(status.of("vault")[0]["source"], "passphrase");
    // Standard input and a descriptor are files too.
    let mut child = office
        .command()
        .args(["vault", "status", "--passphrase-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{PASSPHRASE}\n").as_bytes()).unwrap();
    Done::from(child.wait_with_output().unwrap()).expect(0);
    let binary = office.command().get_program().to_owned();
    let line = format!("exec \"$0\" vault status --passphrase-file /dev/fd/3 3< '{good}'");
    let mut shell = office.command_of("/bin/sh");
    let by_descriptor = shell.arg("-c").arg(line).arg(binary).output().unwrap();
    Done::from(by_descriptor).expect(0);
    // A file that others may read is no place for it.
    fs::set_permissions(&good, fs::Permissions::from_mode(0o644)).unwrap();
    let wide = run(&["vault", "status", "--json", "--passphrase-file", &good]).expect(9);
    assert_eq!(wide.summary()["code"], "SYS-106");
    fs::set_permissions(&good, fs::Permissions::from_mode(0o600)).unwrap();
    // The cost of a guess is written beside the vault: 64 MiB and three passes at least.
    let header = fs::read_to_string(office.dir.path().join("var/passerelle/vault/vault.json")).unwrap();
    let header: serde_json::Value = serde_json::from_str(&header).unwrap();
    let cost = &header["key"]["kdf"]["cost"];
    assert!(
        cost["memory_kib"].as_u64().unwrap() >= 64 * 1024 && cost["passes"].as_u64().unwrap() >= 3,
        "{header}"
    );
}

#[test]
fn a_command_and_a_systemd_credential_open_the_vault() {
    let key = "0f".repeat(32);
    let office = with_source(&["--key-source", "command"], &["--key-command", &format!("/bin/echo {key}")]);
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    let broken = Done::from(
        office
            .command()
            .env("PASSERELLE__VAULT__KEY_COMMAND", "/bin/false")
            .args(["sync", "--json"])
            .output()
            .unwrap(),
    );
    assert_eq!(broken.expect(9).of("error")[0]["code"], "VAULT-001");

    let office = Office::empty();
    let credentials = office.dir.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o700)).unwrap();
    private(&office, "credentials/passerelle-vault-key", &key);
    let run = |args: &[&str]| {
        let mut command = office.command();
        Done::from(command.env("CREDENTIALS_DIRECTORY", &credentials).args(args).output().unwrap())
    };
    run(&["init", "--non-interactive", "--key-source", "systemd-credential"]).expect(0);
    run(&["vault", "status"]).expect(0);
    // Started by hand, without systemd, there is no key, and none is made.
    assert_eq!(office.run(&["vault", "status", "--json"]).expect(9).summary()["code"], "VAULT-001");
    assert!(!key_file(&office).exists());
}

#[test]
fn a_key_store_that_cannot_be_reached_is_named_and_nothing_is_stored_elsewhere() {
    let office = Office::empty();
    let refused = office.run(&["init", "--non-interactive", "--json", "--key-source", "keyring"]).expect(9);
    assert_eq!(refused.summary()["code"], "SYS-107");
    assert!(!key_file(&office).exists());
    let vault = office.dir.path().join("var/passerelle/vault/vault.json");
    assert!(!vault.exists());
}

/// With a session's key store of the real kind; `cargo xtask ci` sees to it that there is one.
#[test]
fn the_key_store_of_a_real_session_opens_the_vault() {
    let office = Office::empty();
    let script = r#"
        printf 'log-in' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
        set -e
        n=0
        until "$0" init --non-interactive --user alice --key-source keyring; do
            n=$((n + 1)); test $n -lt 50; sleep 0.1
        done
        "$0" vault status --json
        "$0" vault rotate --to file
        "$0" vault rotate --to keyring --key-name another
        "$0" vault status --json
    "#;
    let mut session = office.command_of("dbus-run-session");
    session.env("XDG_RUNTIME_DIR", office.dir.path()).args(["--", "/bin/sh", "-c", script]);
    let ran = session.arg(office.command().get_program()).output();
    let needed = std::env::var_os("PASSERELLE_TESTS_KEY_STORE").is_some();
    let is_there = Command::new("gnome-keyring-daemon").arg("--version").output().is_ok();
    match ran {
        Ok(output) if is_there => {
            let done = Done::from(output).expect(0);
            assert_eq!(done.out.matches("\"source\":\"keyring\"").count(), 2, "{}", done.out);
        }
        _ => assert!(!needed, "gnome-keyring-daemon and dbus-run-session have to be there"),
    }
    // Out of the session there is no key, and none is made.
    if is_there {
        assert_eq!(office.run(&["vault", "status", "--json"]).expect(9).summary()["code"], "SYS-107");
        assert!(!office.dir.path().join("etc/passerelle/vault.key.next").exists());
    }
}

#[test]
fn a_key_is_changed_in_place_and_every_secret_is_still_there() {
    let office = Office::new();
    office.connect().expect(0);
    let before = fs::read(key_file(&office)).unwrap();
    let done = office.run(&["vault", "rotate", "--json"]).expect(0);
    assert_eq!(done.of("rotated")[0]["rewrapped"], 2);
    assert_ne!(fs::read(key_file(&office)).unwrap(), before);
    office.run(&["sync"]).expect(0);
    // The old key opens nothing any more.
    let new = fs::read(key_file(&office)).unwrap();
    fs::write(key_file(&office), &before).unwrap();
    assert_eq!(office.run(&["vault", "status", "--json"]).expect(9).summary()["code"], "VAULT-002");
    fs::write(key_file(&office), &new).unwrap();
    // Deep alone keeps the key and seals every secret anew.
    let done = office.run(&["vault", "rotate", "--deep", "--json"]).expect(0);
    assert_eq!(
        (&done.of("rotated")[0]["rewrapped"], &done.of("rotated")[0]["resealed"]),
        (&json!(0), &json!(2))
    );
    assert_eq!(fs::read(key_file(&office)).unwrap(), new);
    office.run(&["sync"]).expect(0);
}

#[test]
fn another_source_takes_the_place_and_the_settings_follow() {
    let office = Office::new();
    office.connect().expect(0);
    let phrase = private(&office, "phrase", PASSPHRASE);
    let config = office.dir.path().join("etc/passerelle/config.toml");
    fs::write(&config, format!("# a remark of ours\n{}", settings(&office))).unwrap();
    office.run(&["vault", "rotate", "--to", "passphrase", "--new-passphrase-file", &phrase]).expect(0);
    let text = settings(&office);
    assert!(text.contains("key_source = \"passphrase\"") && text.contains("# a remark of ours"), "{text}");
    assert!(!text.contains("canary"), "{text}");
    assert_eq!(office.run(&["sync", "--json"]).expect(2).of("error")[0]["code"], "USE-108");
    office.run(&["sync", "--passphrase-file", &phrase]).expect(0);
    // And back to a file, on another disk this time.
    let other = office.dir.path().join("usb/vault.key").display().to_string();
    let back = ["vault", "rotate", "--to", "file", "--key-file", &other, "--passphrase-file", &phrase];
    office.run(&back).expect(0);
    assert!(settings(&office).contains(&format!("key_file = \"{other}\"")), "{}", settings(&office));
    office.run(&["sync"]).expect(0);
}

#[test]
fn a_settings_file_that_was_there_names_the_source_of_a_new_vault() {
    let office = Office::empty();
    let folder = office.dir.path().join("etc/passerelle");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), "# ours\nlanguage = \"en\"\n").unwrap();
    let key = "0f".repeat(32);
    let init = [
        "init",
        "--non-interactive",
        "--key-source",
        "command",
        "--key-command",
        &format!("/bin/echo {key}"),
    ];
    office.run(&init).expect(0);
    let text = settings(&office);
    assert!(
        text.starts_with("# ours\nlanguage = \"en\"\n") && text.contains("key_source = \"command\""),
        "{text}"
    );
    office.run(&["vault", "status"]).expect(0);
    // Setting up again changes nothing.
    office.run(&["init", "--non-interactive"]).expect(0);
    assert_eq!(settings(&office), text);
}

#[test]
fn a_rotation_that_is_killed_leaves_a_vault_that_opens() {
    let office = Office::new();
    let vault = office.dir.path().join("var/passerelle/vault");
    let installation = installation(&office);
    {
        let source = KeySource::file(key_file(&office));
        let open = Vault::open(&vault, &source, &installation).unwrap();
        for n in 0..150 {
            let id = CredentialId::new(format!("user-{n}"), "google", "s", "refresh-token");
            open.put(&id, &Secret::new(format!("secret-{n}"))).unwrap();
        }
    }
    for round in 0..6 {
        let mut child = office
            .command()
            .args(["vault", "rotate"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Killed at another place each time: as soon as so many credentials are under the new key. Wherever that is,
        // and whether or not it was quicker than we, what follows holds.
        let id_before = key_name(&vault);
        let under_new = || names(&vault).iter().filter(|name| **name != id_before).count();
        while child.try_wait().unwrap().is_none() && under_new() < round * 25 {}
        let _ = child.kill();
        child.wait().unwrap();
        let status = office.run(&["vault", "status", "--json"]).expect(0);
        assert_eq!(status.of("vault")[0]["credentials"], 150, "round {round}");
        office.run(&["vault", "rotate"]).expect(0);
        let open = Vault::open(&vault, &KeySource::file(key_file(&office)), &installation).unwrap();
        for n in [0, 74, 149] {
            let id = CredentialId::new(format!("user-{n}"), "google", "s", "refresh-token");
            assert_eq!(open.get(&id).unwrap().unwrap().expose(), format!("secret-{n}"));
        }
    }
}

#[test]
fn a_change_of_source_that_is_killed_leaves_settings_that_open_the_vault() {
    let office = Office::new();
    let vault = office.dir.path().join("var/passerelle/vault");
    {
        let open = Vault::open(&vault, &KeySource::file(key_file(&office)), &installation(&office)).unwrap();
        for n in 0..100 {
            let id = CredentialId::new(format!("user-{n}"), "google", "s", "refresh-token");
            open.put(&id, &Secret::new(format!("secret-{n}"))).unwrap();
        }
    }
    for round in 0..6 {
        let key = private(&office, &format!("key-{round}"), &format!("{round:02x}").repeat(32));
        let command = format!("/bin/cat {key}");
        let rotate = ["vault", "rotate", "--to", "command", "--key-command", &command];
        let mut child =
            office.command().args(rotate).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let before = key_name(&vault);
        let under_new = || names(&vault).iter().filter(|name| **name != before).count();
        while child.try_wait().unwrap().is_none() && under_new() < round * 20 {}
        let _ = child.kill();
        child.wait().unwrap();
        let status = office.run(&["vault", "status", "--json"]).expect(0);
        assert_eq!(status.of("vault")[0]["credentials"], 100, "round {round}");
        // Done again, it comes to its end; unless it was there already.
        let again = office.run(&[&rotate[..], &["--json"]].concat());
        assert!(again.code == 0 || again.summary()["code"] == "USE-115", "round {round}: {}", again.out);
        assert!(settings(&office).contains(&key), "round {round}");
        let status = office.run(&["vault", "status", "--json"]).expect(0);
        assert_eq!(status.of("vault")[0]["rotating"], false, "round {round}");
    }
}

#[test]
fn a_rotation_that_would_change_nothing_or_lock_the_vault_is_refused_before_it_begins() {
    let key = "0f".repeat(32);
    let office = with_source(&["--key-source", "command"], &["--key-command", &format!("/bin/echo {key}")]);
    let refused = |done: Done, exit: i32| done.expect(exit).summary()["code"].as_str().unwrap().to_owned();
    // The command still gives the same key.
    assert_eq!(refused(office.run(&["vault", "rotate", "--json"]), 2), "USE-115");
    // A variable of the environment would win over the settings.
    let variable = office
        .command()
        .env("PASSERELLE__VAULT__KEY_SOURCE", "command")
        .args(["vault", "rotate", "--to", "file", "--json"])
        .output()
        .unwrap();
    assert_eq!(refused(Done::from(variable), 7), "CFG-103");
    // So would a file in `conf.d`.
    let part = office.dir.path().join("etc/passerelle/conf.d/10.toml");
    fs::create_dir(part.parent().unwrap()).unwrap();
    fs::write(&part, "[vault]\nkey_source = \"command\"\n").unwrap();
    assert_eq!(refused(office.run(&["vault", "rotate", "--to", "file", "--json"]), 7), "CFG-103");
    let shown = office.run(&["config", "show", "--json"]).expect(0);
    let source = shown.of("setting").into_iter().find(|one| one["name"] == "vault.key_source").unwrap();
    assert_eq!(source["origin"], format!("{}:2", part.display()));
    fs::remove_file(&part).unwrap();
    office.run(&["vault", "status"]).expect(0);
    // The settings would go on reading the old passphrase.
    let (old, new) = (private(&office, "old", PASSPHRASE), private(&office, "new", "five other words of it"));
    office.run(&["vault", "rotate", "--to", "passphrase", "--new-passphrase-file", &old]).expect(0);
    let config = office.dir.path().join("etc/passerelle/config.toml");
    let text = settings(&office).replace("[vault]", &format!("[vault]\npassphrase_file = \"{old}\" # ours"));
    fs::write(&config, text).unwrap();
    office.run(&["vault", "status"]).expect(0);
    assert_eq!(refused(office.run(&["vault", "rotate", "--json"]), 2), "USE-114");
    office.run(&["vault", "status"]).expect(0);
    office.run(&["vault", "rotate", "--new-passphrase-file", &new]).expect(0);
    assert!(
        settings(&office).contains(&format!("passphrase_file = \"{new}\" # ours")),
        "{}",
        settings(&office)
    );
    office.run(&["vault", "status"]).expect(0);
}

#[test]
fn a_vault_that_is_not_there_or_has_another_source_is_named_as_such() {
    let office = Office::new();
    office.connect().expect(0);
    let config = office.dir.path().join("etc/passerelle/config.toml");
    let before = settings(&office);
    let phrase = private(&office, "phrase", PASSPHRASE);
    office.run(&["vault", "rotate", "--to", "passphrase", "--new-passphrase-file", &phrase]).expect(0);
    // Old settings, put back from somewhere.
    fs::write(&config, &before).unwrap();
    let status = office.run(&["vault", "status", "--json"]).expect(9).summary();
    assert_eq!(status["code"], "VAULT-004");
    let told = office.run(&["vault", "status"]).expect(9).err;
    assert!(told.contains("a passphrase") && told.contains("vault.key_source"), "{told}");
    let doctor = office.run(&["doctor", "--json"]).expect(1);
    let told = doctor.of("finding").into_iter().filter(|one| one["code"] == "VAULT-004").count();
    assert_eq!(told, 1, "one cause once: {}", doctor.out);
    let header = office.dir.path().join("var/passerelle/vault/vault.json");
    fs::rename(&header, header.with_extension("away")).unwrap();
    assert_eq!(office.run(&["sync", "--json"]).expect(9).of("error")[0]["code"], "VAULT-005");
    assert_eq!(office.run(&["init", "--non-interactive", "--json"]).expect(9).summary()["code"], "VAULT-005");
    assert!(!header.exists(), "no new vault is made beside secrets that are there");
}

#[test]
fn a_vault_that_vanishes_in_the_middle_of_a_run_is_told_as_such() {
    let place = tempfile::tempdir().unwrap();
    let script = place.path().join("key.sh");
    let key = format!("/bin/echo {}", "0f".repeat(32));
    fs::write(&script, &key).unwrap();
    let command = format!("/bin/sh {}", script.display());
    let office = with_source(&["--key-source", "command"], &["--key-command", &command]);
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    // It is there when the run begins, and gone when the first secret is read.
    let vault = office.dir.path().join("var/passerelle/vault");
    let away = vault.with_extension("away");
    fs::write(&script, format!("/bin/mv {} {}\n{key}", vault.display(), away.display())).unwrap();
    let run = office.run(&["sync", "--json"]).expect(9);
    let told = run.of("error");
    assert!(!told.is_empty() && told.iter().all(|one| one["code"] == "VAULT-005"), "{}", run.out);
    assert_eq!(run.summary()["exit_code"], 9);
    assert!(!vault.exists(), "nothing is made anew in its place");
    fs::write(&script, &key).unwrap();
    fs::rename(&away, &vault).unwrap();
    office.run(&["sync"]).expect(0);
}

#[test]
fn what_keeps_the_vault_shut_is_told_as_it_is_everywhere() {
    let office = Office::new();
    office.connect().expect(0);
    let phrase = private(&office, "phrase", PASSPHRASE);
    office.run(&["vault", "rotate", "--to", "passphrase", "--new-passphrase-file", &phrase]).expect(0);
    let config = office.dir.path().join("etc/passerelle/config.toml");
    let text = settings(&office).replace("[vault]", &format!("[vault]\npassphrase_file = \"{phrase}\""));
    fs::write(&config, text).unwrap();
    // Read from standard input, the passphrase serves for everything that one command opens.
    let mut doctor = office.command();
    doctor.args(["doctor", "--strict", "--passphrase-file", "-"]).stdin(Stdio::piped());
    let mut child = doctor.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{PASSPHRASE}\n").as_bytes()).unwrap();
    Done::from(child.wait_with_output().unwrap()).expect(0);
    fs::rename(&phrase, office.dir.path().join("away")).unwrap();
    for args in [&["sync"][..], &["test", "alice"], &["disconnect", "--user", "alice", "--yes"]] {
        let done = office.run(&[args, &["--json"]].concat());
        assert!(done.out.contains("USE-106") && !done.out.contains("GOOG-"), "{args:?}: {}", done.out);
    }
}

#[test]
fn a_row_that_does_not_open_is_named_and_can_be_given_up() {
    let office = Office::new();
    office.connect().expect(0);
    let vault = office.dir.path().join("var/passerelle/vault");
    let rows = || -> Vec<PathBuf> {
        let all = fs::read_dir(&vault).unwrap().flatten().map(|entry| entry.path());
        all.filter(|path| path.extension().is_some_and(|extension| extension == "cred")).collect()
    };
    let stray = vault.join("copied.cred");
    fs::copy(&rows()[0], &stray).unwrap();
    let told = office.run(&["doctor", "--json"]).expect(1);
    let told = told.of("finding").into_iter().find(|one| one["code"] == "VAULT-006").unwrap();
    assert!(told["what"].as_str().unwrap().contains("copied.cred"), "{told}");
    fs::remove_file(&stray).unwrap();
    office.run(&["doctor"]).expect(0);
    // The cure of what does not open any more: consenting again puts it right.
    for row in rows() {
        fs::write(&row, "{").unwrap();
    }
    assert_eq!(office.run(&["sync", "--json"]).expect(9).of("error")[0]["code"], "VAULT-006");
    office.connect().expect(0);
    office.run(&["sync"]).expect(0);
    for row in rows() {
        fs::write(&row, "{").unwrap();
    }
    let gone = office.run(&["disconnect", "--user", "alice", "--yes", "--json"]).expect(0);
    assert_eq!(gone.of("disconnected")[0]["revoked"], false);
    assert!(rows().is_empty());
    // Another database than the vault's own.
    fs::rename(office.database(), office.dir.path().join("old.db")).unwrap();
    let told = office.run(&["init", "--non-interactive", "--json"]).expect(9).summary();
    assert_eq!(told["code"], "VAULT-007");
}

#[test]
fn a_new_source_is_tried_before_the_vault_is_touched_and_a_key_of_old_is_not_taken_up_again() {
    let office = Office::new();
    office.connect().expect(0);
    for command in ["/bin/false", "/bin/echo abc"] {
        let args = ["vault", "rotate", "--to", "command", "--key-command", command, "--json"];
        assert_eq!(office.run(&args).expect(2).summary()["code"], "USE-116", "{command}");
        office.run(&["vault", "status"]).expect(0);
    }
    let args = ["vault", "rotate", "--to", "passphrase", "--json"];
    let asked = office.run(&args).expect(2);
    assert!(asked.out.contains("--new-passphrase-file"), "{}", asked.out);
    let before = fs::read(key_file(&office)).unwrap();
    let phrase = private(&office, "phrase", PASSPHRASE);
    let left =
        office.run(&["vault", "rotate", "--to", "passphrase", "--new-passphrase-file", &phrase]).expect(0);
    assert!(left.err.contains("vault.key"), "the old file is told of: {}", left.err);
    office.run(&["vault", "rotate", "--to", "file", "--passphrase-file", &phrase]).expect(0);
    assert_ne!(fs::read(key_file(&office)).unwrap(), before, "whoever copied the key has nothing by it");
    office.run(&["sync"]).expect(0);
}

#[test]
fn folders_in_which_others_may_write_are_noticed_and_put_right() {
    let office = Office::new();
    office.connect().expect(0);
    let folders = [office.dir.path().join("var/passerelle"), office.dir.path().join("etc/passerelle")];
    for folder in &folders {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let told = office.run(&["doctor", "--json"]).expect(1);
    assert_eq!(told.of("finding").iter().filter(|one| one["code"] == "SYS-110").count(), 2, "{}", told.out);
    office.run(&["doctor", "--fix"]).expect(0);
    for folder in &folders {
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o022, 0);
    }
}

fn installation(office: &Office) -> passerelle_ports::InstallationId {
    let header = fs::read(office.dir.path().join("var/passerelle/vault/vault.json")).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["installation"].as_str().unwrap().into()
}

/// The name of the key that the vault had before a rotation.
fn key_name(vault: &Path) -> String {
    let header: serde_json::Value =
        serde_json::from_slice(&fs::read(vault.join("vault.json")).unwrap()).unwrap();
    header["key"]["id"].as_str().unwrap().to_owned()
}

/// The names of the keys that the credentials are under, as far as they can be read at this moment.
fn names(vault: &Path) -> Vec<String> {
    let files = fs::read_dir(vault).unwrap().flatten().map(|entry| entry.path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "cred"))
        .filter_map(|path| serde_json::from_slice::<serde_json::Value>(&fs::read(path).ok()?).ok())
        .map(|content| content["kek"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_wide_key_or_vault_is_refused_and_the_doctor_puts_it_right() {
    let office = Office::new();
    office.connect().expect(0);
    let vault = office.dir.path().join("var/passerelle/vault");
    for path in [key_file(&office), vault.clone(), vault.join("vault.json")] {
        let narrow = fs::metadata(&path).unwrap().permissions().mode();
        fs::set_permissions(&path, fs::Permissions::from_mode(narrow | 0o044)).unwrap();
        let refused = office.run(&["sync", "--json"]).expect(9);
        assert_eq!(refused.of("error")[0]["code"], "SYS-106", "{}", path.display());
        let doctor = office.run(&["doctor", "--json"]).expect(1);
        assert!(doctor.of("finding").iter().any(|one| one["code"] == "SYS-106"), "{}", doctor.out);
        let fixed = office.run(&["doctor", "--fix", "--json"]).expect(0);
        assert_eq!(fixed.of("fixed")[0]["file"], path.display().to_string());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode(), narrow);
        office.run(&["sync"]).expect(0);
    }
}

/// Everything that must never be seen, by its name.
fn canaries(office: &Office) -> Vec<(&'static str, String)> {
    let key: serde_json::Value = serde_json::from_str(KEY).unwrap();
    let pem: String = key["private_key"].as_str().unwrap().lines().nth(3).unwrap().to_owned();
    let mut all = vec![
        ("client secret", "GOCSPX-canary-of-the-client".to_owned()),
        ("passphrase", PASSPHRASE.to_owned()),
        ("key of the service account", pem),
        ("panic", "canary-of-a-panic".to_owned()),
    ];
    for (name, start) in [("access token", "ya29."), ("refresh token", "1//0"), ("code", "4/0A")] {
        all.push((name, start.to_owned()));
    }
    // The verifier, the assertion and the identity token have no shape of their own but this one.
    all.push(("assertion or identity token", "eyJhbGciOi".to_owned()));
    let _ = office;
    all
}

/// Every file below a directory, as it lies on the disk.
fn raw(dir: &Path, into: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            raw(&path, into);
        } else if path.is_file() {
            into.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn no_output_and_no_file_holds_a_secret_in_a_whole_story_at_trace_level() {
    let office = Office::empty();
    let outside = tempfile::tempdir().unwrap();
    let secret = |name: &str, text: &str| {
        let path = outside.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let (phrase, key) = (secret("phrase", PASSPHRASE), secret("key.json", KEY));
    let client = secret("client.json", office::CLIENT);
    let mut said = Vec::new();
    let mut traced = 0;
    let mut run = |args: &[&str]| {
        for json in [&[][..], &["--json"]] {
            let mut command = office.command();
            command.args(args).args(["-vvvv", "--passphrase-file", &phrase]).args(json);
            let done = Done::from(command.output().unwrap());
            traced += done.err.matches("TRACE").count();
            said.push((args.join(" "), done.out));
            said.push((args.join(" "), done.err));
        }
    };
    run(&["init", "--non-interactive", "--user", "alice", "--key-source", "passphrase"]);
    run(&["user", "add", "bob"]);
    let consent = |more: &[&str], account: &str| {
        let mut command = office.command();
        command.args(["--json", "-vvvv", "--passphrase-file", &phrase]).args(more);
        office::consented(&mut command, account)
    };
    let connected =
        consent(&["connect", "google", "--no-browser", "--user", "alice", "--client", &client], ACCOUNT);
    let connected = connected.expect(0);
    run(&["sync"]);
    run(&["doctor"]);
    run(&["test", "alice"]);
    run(&["status"]);
    run(&["vault", "status"]);
    run(&["vault", "rotate", "--deep"]);
    run(&["config", "show"]);
    run(&["history"]);
    // Failures of every sort, with what is underneath.
    for fault in [
        json!([{ "method": "oauth.token", "body": "oauth-token-invalid_grant-revoked" }]),
        json!([{ "method": "oauth.token", "body": "oauth-token-invalid_client-secret" }]),
        json!([{ "method": "oauth.token", "html": true, "status": 200 }]),
        json!([{ "method": "oauth.tokeninfo", "drop": true }]),
        json!([{ "method": "calendar.*", "status": 401 }]),
        json!([{ "method": "people.*", "cut": true }]),
    ] {
        office.phone("POST", "/_sim/faults", &json!({ "rules": fault }));
        run(&["sync"]);
        run(&["test", "alice"]);
    }
    office.phone("POST", "/_sim/faults", &json!({ "rules": [] }));
    run(&["credential", "replace", "--user", "alice", "--client", &client]);
    run(&["connect", "google", "--user", "bob", "--client", &key]);
    office.phone("POST", "/_sim/project", &json!({ "service_account_key": KEY_PUBLIC, "delegation": false }));
    run(&["connect", "google", "--user", "bob", "--service-account", &key, "--subject", office::OTHER]);
    office.phone("POST", "/_sim/project", &json!({ "delegation": true }));
    run(&["connect", "google", "--user", "bob", "--service-account", &key, "--subject", office::OTHER]);
    run(&["sync"]);
    let mut files = Vec::new();
    raw(office.dir.path(), &mut files);
    run(&["disconnect", "--user", "alice", "--yes"]);
    run(&["disconnect", "--user", "bob", "--yes"]);
    raw(office.dir.path(), &mut files);
    said.push(("connect".to_owned(), connected.out));
    said.push(("connect".to_owned(), connected.err));

    assert!(traced > 20, "nothing was traced: this test would prove nothing ({traced})");
    assert!(files.len() > 10 && files.iter().any(|(path, _)| path.extension().is_some_and(|e| e == "cred")));
    let mut seen = Vec::new();
    for (name, canary) in canaries(&office) {
        for (command, text) in &said {
            if text.contains(&canary) {
                seen.push(format!("{name} in the output of {command}"));
            }
        }
        for (path, content) in &files {
            if content.windows(canary.len()).any(|window| window == canary.as_bytes()) {
                seen.push(format!("{name} in {}", path.display()));
            }
        }
    }
    assert!(seen.is_empty(), "{seen:#?}");
}
