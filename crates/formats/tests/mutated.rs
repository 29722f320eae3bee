//! Files that something went wrong with: whatever is in them, nothing fails, and what was taken over
//! is the same after it was written and read again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use chrono::DateTime;
use passerelle_calendar::Event;
use passerelle_formats::{EventFormat, Imported, read_events, write_events};

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

const SPLICED: &[&[u8]] = &[
    b"\r\n ",
    b"\n",
    b"\r",
    b"\n\n",
    b"\r\n\t",
    b":",
    b";",
    b"\"",
    b"\\",
    b"=\n",
    b"\xe9",
    b"\xe3\x81",
    b"\0",
    b"BEGIN:VEVENT\n",
    b"END:VEVENT\n",
    b"BEGIN:VALARM\n",
    b"END:VCALENDAR\nBEGIN:VCALENDAR\n",
    b"RECURRENCE-ID:20260101T100000Z\n",
    b"RRULE:FREQ=DAILY\n",
    b"TZID=",
    b"20260101",
    b"UID:x\n",
    b"SEQUENCE:9\n",
    b"X-PASSERELLE-OF;ID=x:y\n",
    b"X-PASSERELLE-OCCURRENCE;UID=x:2026-01-01\n",
    b"ENCODING=QUOTED-PRINTABLE",
    b"STATUS:CANCELLED\n",
    b",",
    b"^n",
];

fn mutate(file: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = numbers.below(file.len());
    match numbers.below(6) {
        0 => {
            let end = (at + numbers.below(40)).min(file.len());
            file.drain(at..end);
        }
        1 => {
            let end = (at + numbers.below(200)).min(file.len());
            let piece = file[at..end].to_vec();
            let to = numbers.below(file.len());
            file.splice(to..to, piece);
        }
        2 => file[at] = u8::try_from(numbers.below(256)).unwrap(),
        3 if numbers.below(20) == 0 => file.truncate(at),
        _ => {
            let piece = SPLICED[numbers.below(SPLICED.len())];
            file.splice(at..at, piece.iter().copied());
        }
    }
}

fn samples() -> Vec<Vec<u8>> {
    ["outlook.ics", "apple-google.ics"]
        .iter()
        .map(|name| std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap())
        .collect()
}

fn written(found: &Imported<Event>) -> Vec<u8> {
    let mut out = Vec::new();
    let records = [(found.record.clone(), found.unknown.clone())];
    write_events(&mut out, EventFormat::ICalendar, DateTime::UNIX_EPOCH, records).unwrap();
    out
}

#[test]
fn a_mutated_calendar_is_read_without_failing_and_what_is_taken_over_comes_back() {
    let samples = samples();
    let mut taken = 0;
    for round in 0..150 {
        let mut numbers = Numbers(round);
        let mut file = samples[numbers.below(samples.len())].clone();
        for _ in 0..=numbers.below(12) {
            mutate(&mut file, &mut numbers);
        }
        for found in read_events(file.as_slice(), EventFormat::ICalendar).filter_map(Result::ok) {
            let text = written(&found);
            let back: Vec<_> = read_events(text.as_slice(), EventFormat::ICalendar).collect();
            let shown = || format!("round {round}\n{}\n{found:?}\n{back:?}", String::from_utf8_lossy(&text));
            assert_eq!(back.len(), 1, "{}", shown());
            let back = back[0].as_ref().unwrap_or_else(|_| panic!("{}", shown()));
            assert_eq!(back.record, found.record, "{}", shown());
            // Nothing of it is lost; what is broken may stand in another place.
            let sorted = |found: &Imported<Event>| {
                let mut unknown = found.unknown.clone();
                unknown.sort();
                unknown
            };
            assert_eq!(sorted(back), sorted(&found), "{}", shown());
            taken += 1;
        }
    }
    assert!(taken > 150, "{taken}");
}
