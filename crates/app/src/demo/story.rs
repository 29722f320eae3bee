//! The story: what happens, in which order, and what is true at the end.

use anyhow::{Context, Result, ensure};
use passerelle_ports::{Clock, Kind, Value};
use passerelle_service::{
    Answer, Keep, PairReport, SyncReport, SyncRequest, Undo, Waiting, Writes, conflicts, resolve, undo,
};
use serde_json::json;

use super::{
    company,
    stage::{Stage, USER},
};
use crate::terminal::progress::Bar;

/// How often a run may find something left to do before it has to be quiet.
const ROUNDS: usize = 3;

/// Tells the whole story; returns its last line.
pub async fn tell(stage: &Stage<'_>) -> Result<Value> {
    say(
        stage,
        "demo-story",
        &[("contacts", company::CONTACTS.to_string()), ("events", company::EVENTS.to_string())],
    );
    chapter(stage, "first_look", "demo-first-look", &stage.sync(true).await?);
    let first = stage.sync(false).await?;
    chapter(stage, "first_sync", "demo-first-sync", &first);
    ensure!(first.pairs.iter().all(|pair| deletes(pair) == 0), "a first run deleted something");
    settle(stage).await?;
    edit(stage).await?;
    let second = stage.sync(false).await?;
    chapter(stage, "second_sync", "demo-second-sync", &second);
    answer(stage).await?;
    take_back(stage, &second).await?;
    settle(stage).await?;
    end(stage).await
}

fn deletes(pair: &PairReport) -> u64 {
    pair.to_local.delete + pair.to_remote.delete
}

/// Lets what a run left for the next one be done.
async fn settle(stage: &Stage<'_>) -> Result<()> {
    for _ in 0..ROUNDS {
        if stage.sync(false).await?.writes() == 0 {
            return Ok(());
        }
    }
    anyhow::bail!("it never became quiet")
}

/// Both sides go on working.
async fn edit(stage: &Stage<'_>) -> Result<()> {
    let phone = stage.phone();
    say(stage, "demo-edits", &[]);

    let both = company::at(0);
    stage
        .sql(&format!("UPDATE contacts SET job_title = 'Directrice générale' WHERE uid = '{}';", both.uid))
        .await?;
    let person = phone.contact(company::email_of(&both))?;
    phone.edit_contact(&person, "nicknames", &json!([{"value": "La patronne"}]))?;
    say(stage, "demo-edit-fields", &[("who", both.display_name())]);

    let clash = company::at(6);
    stage
        .sql(&format!("UPDATE contacts SET notes = 'Paie à trente jours.' WHERE uid = '{}';", clash.uid))
        .await?;
    let person = phone.contact(company::email_of(&clash))?;
    let notes = json!([{"value": "Paie à soixante jours.", "contentType": "TEXT_PLAIN"}]);
    phone.edit_contact(&person, "biographies", &notes)?;
    say(stage, "demo-edit-clash", &[("who", clash.display_name())]);

    let lost = company::at(9);
    phone.delete_contact(&phone.contact(company::email_of(&lost))?)?;
    say(stage, "demo-edit-delete", &[("who", lost.display_name())]);

    let cancelled = company::title_of_kind(8);
    stage
        .sql(&format!("DELETE FROM appointments WHERE title = '{}';", cancelled.replace('\'', "''")))
        .await?;
    say(stage, "demo-edit-delete-event", &[("what", cancelled)]);

    let visits = company::title_of_kind(1);
    let series = phone.event(&visits)?;
    move_occurrence(stage, &series, 2)?;
    say(stage, "demo-edit-occurrence", &[("what", visits)]);

    let calls = company::title_of_kind(4);
    let series = phone.event(&calls)?;
    split(stage, &series)?;
    say(stage, "demo-edit-split", &[("what", calls)]);
    Ok(())
}

fn start_of(event: &Value) -> Result<chrono::DateTime<chrono::FixedOffset>> {
    let text = event["start"]["dateTime"].as_str().context("an appointment without a start")?;
    Ok(chrono::DateTime::parse_from_rfc3339(text)?)
}

/// An occurrence is named by the UTC time at which it would have begun (C64).
fn occurrence(event: &Value, weeks: i64) -> Result<(String, chrono::DateTime<chrono::FixedOffset>)> {
    let at = start_of(event)? + chrono::Duration::weeks(weeks);
    let id = event["id"].as_str().context("an appointment without an id")?;
    Ok((format!("{id}_{}", at.to_utc().format("%Y%m%dT%H%M%SZ")), at))
}

fn move_occurrence(stage: &Stage<'_>, series: &Value, weeks: i64) -> Result<()> {
    let (id, at) = occurrence(series, weeks)?;
    let later = at + chrono::Duration::hours(3);
    let change = json!({
        "start": {"dateTime": later.to_rfc3339(), "timeZone": company::ZONE},
        "end": {"dateTime": (later + chrono::Duration::hours(1)).to_rfc3339(), "timeZone": company::ZONE},
    });
    stage.phone().edit_event(&id, &change).map(|_| ())
}

fn split(stage: &Stage<'_>, series: &Value) -> Result<()> {
    // The fourth call and all that follow begin half an hour later and have another name.
    let (_, at) = occurrence(series, 6)?;
    let later = at + chrono::Duration::minutes(30);
    let until = (at - chrono::Duration::seconds(1)).to_utc().format("%Y%m%dT%H%M%SZ").to_string();
    let title = format!("{} (nouvel horaire)", series["summary"].as_str().unwrap_or_default());
    let following = json!({
        "summary": title,
        "start": {"dateTime": later.to_rfc3339(), "timeZone": company::ZONE},
        "end": {"dateTime": (later + chrono::Duration::minutes(30)).to_rfc3339(), "timeZone": company::ZONE},
    });
    stage.phone().split(series, &until, &following).map(|_| ())
}

/// The clash is shown, and a person answers.
async fn answer(stage: &Stage<'_>) -> Result<()> {
    let office = &stage.composed.office;
    say(stage, "demo-conflict", &[]);
    let waiting = conflicts(office, Some(USER)).await?;
    ensure!(waiting.len() == 1, "{} questions instead of one", waiting.len());
    let question = waiting.first().context("no question")?;
    let Waiting::Clash { fields, .. } = &question.waiting else { anyhow::bail!("another kind of question") };
    for clash in fields {
        let text =
            |value: &Option<Value>| value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        say(
            stage,
            "demo-conflict-values",
            &[
                ("who", question.summary.clone()),
                ("field", clash.field.to_string()),
                ("base", text(&clash.base)),
                ("local", text(&clash.local)),
                ("remote", text(&clash.remote)),
            ],
        );
    }
    stage.app.out.line("conflict", stage.app.clock.now(), question);
    resolve(office, question.number, &Answer::Keep(Keep::Local, None), false).await?;
    say(stage, "demo-conflict-answer", &[]);
    let report = stage.sync(false).await?;
    pairs(stage, &report);
    line(stage, "resolve", &report);
    ensure!(report.held() == 0, "the question is still waiting");
    Ok(())
}

/// The run that carried the deletion over is undone.
async fn take_back(stage: &Stage<'_>, second: &SyncReport) -> Result<()> {
    let run = second
        .pairs
        .iter()
        .find(|pair| pair.kind == Kind::Contacts)
        .and_then(|pair| pair.run_id)
        .context("no run to take back")?;
    let office = &stage.composed.office;
    let lost = company::at(9);
    say(stage, "demo-undo", &[("run", run.to_string()), ("who", lost.display_name())]);
    let report = undo(office, &Undo::Run(run), &SyncRequest::default(), &Bar::new(stage.app)).await?;
    pairs(stage, &report);
    line(stage, "undo", &report);
    settle(stage).await?;
    stage.phone().contact(company::email_of(&lost)).context("the contact did not come back")?;
    Ok(())
}

/// A last run, then both sides are counted without asking the engine.
async fn end(stage: &Stage<'_>) -> Result<Value> {
    stage.forget_requests();
    let last = stage.sync(false).await?;
    chapter(stage, "quiet", "demo-quiet", &last);
    let lists = [stage.requests("people.people.connections.list"), stage.requests("calendar.events.list")];
    let (contacts, events) = (local_contacts(stage).await?, local_events(stage).await?);
    let phone = stage.phone();
    let (there_contacts, there_events) = (phone.count_contacts()?, phone.count_events()?);
    let mails = stage.guest_mails();
    let mut good =
        last.writes() == 0 && mails == 0 && last.held() == 0 && lists.iter().all(|count| *count <= 1);
    for (what, here, there) in [("contacts", contacts, there_contacts), ("events", events, there_events)] {
        if here != there {
            good = false;
            say(
                stage,
                "demo-other-side",
                &[("what", what.to_owned()), ("local", here.to_string()), ("remote", there.to_string())],
            );
        }
    }
    say(
        stage,
        "demo-checked",
        &[
            ("contacts", contacts.to_string()),
            ("events", events.to_string()),
            ("writes", last.writes().to_string()),
            ("requests", last.requests.to_string()),
            ("mails", mails.to_string()),
        ],
    );
    Ok(json!({
        "exit_code": i32::from(!good),
        "contacts": { "local": contacts, "remote": there_contacts },
        "events": { "local": events, "remote": there_events },
        "last_run": { "writes": last.writes(), "requests": last.requests,
                      "contact_lists": lists[0], "event_lists": lists[1] },
        "guest_mails": mails,
    }))
}

async fn local_contacts(stage: &Stage<'_>) -> Result<u64> {
    let search = passerelle_service::Search { limit: Some(1), ..Default::default() };
    Ok(stage.composed.office.company.list_contacts(&search).await?.total)
}

async fn local_events(stage: &Stage<'_>) -> Result<u64> {
    let search =
        passerelle_service::Search { user: Some(USER.to_owned()), limit: Some(1), ..Default::default() };
    Ok(stage.composed.office.company.list_events(&search).await?.total)
}

fn chapter(stage: &Stage<'_>, name: &str, id: &'static str, report: &SyncReport) {
    say(stage, id, &[]);
    pairs(stage, report);
    line(stage, name, report);
}

fn pairs(stage: &Stage<'_>, report: &SyncReport) {
    for pair in &report.pairs {
        let Writes { create: lc, update: lu, delete: ld } = pair.to_local;
        let Writes { create: rc, update: ru, delete: rd } = pair.to_remote;
        let mut args: Vec<(&'static str, String)> = vec![("kind", pair.kind.as_str().to_owned())];
        for (name, count) in [
            ("lc", lc),
            ("lu", lu),
            ("ld", ld),
            ("rc", rc),
            ("ru", ru),
            ("rd", rd),
            ("matched", pair.matched),
            ("held", pair.held),
        ] {
            args.push((name, count.to_string()));
        }
        say(stage, "demo-pair", &args);
        if let Some(problem) = &pair.error {
            stage.app.out.failure(&problem.to_failure(), stage.app.clock.now());
        }
    }
}

fn line(stage: &Stage<'_>, name: &str, report: &SyncReport) {
    let mut value = serde_json::to_value(report).unwrap_or_default();
    value["chapter"] = name.into();
    stage.app.out.line("chapter", stage.app.clock.now(), &value);
}

fn say(stage: &Stage<'_>, id: &'static str, args: &[(&'static str, String)]) {
    let args: Vec<(&'static str, passerelle_texts::Arg)> =
        args.iter().map(|(name, word)| (*name, word.as_str().into())).collect();
    stage.app.out.result(&stage.app.out.t(id, &args));
}
