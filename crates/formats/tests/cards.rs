//! Cards that say more than a contact holds: what comes of them when they are read and written again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use passerelle_contacts::Contact;
use passerelle_formats::{ContactFormat, Imported, Options, read_contacts, write_contacts};

fn read(card: &str, format: ContactFormat) -> Vec<Imported<Contact>> {
    let options = Options { region: Some("FR".into()) };
    read_contacts(card.as_bytes(), format, &options).map(Result::unwrap).collect()
}

/// Writes what was read, and returns the lines, unfolded.
fn written(card: &str, format: ContactFormat) -> String {
    let found = read(card, format);
    let mut out = Vec::new();
    write_contacts(&mut out, format, found.into_iter().map(|found| (found.record, found.unknown))).unwrap();
    String::from_utf8(out).unwrap().replace("\r\n ", "").replace('\r', "")
}

fn card(version: &str, lines: &str) -> String {
    format!("BEGIN:VCARD\nVERSION:{version}\n{lines}\nEND:VCARD\n")
}

/// What is read back of what was written is what was read; and it is written alike again.
fn stable(text: &str) {
    for format in [ContactFormat::VCard3, ContactFormat::VCard4] {
        let once = written(text, format);
        assert_eq!(written(&once, format), once, "{text}");
        let (first, again) = (read(text, format), read(&once, format));
        let records = |found: &[Imported<Contact>]| -> Vec<Contact> {
            found.iter().map(|found| found.record.clone()).collect()
        };
        assert_eq!(records(&first), records(&again), "{text}");
    }
}

#[test]
fn of_numbered_preferences_the_lowest_is_the_preferred_one() {
    let text = card(
        "4.0",
        "FN:Anne\nEMAIL;PREF=2:b@a.example\nEMAIL;PREF=1:a@a.example\nEMAIL;PREF=100:c@a.example\nTEL;PREF=3:1234\nTEL;PREF=100:5678",
    );
    let anne = read(&text, ContactFormat::VCard4).remove(0).record;
    let preferred = |key: &str| anne.emails[key].preferred;
    assert!(preferred("a@a.example") && !preferred("b@a.example") && !preferred("c@a.example"));
    assert!(anne.phones["1234"].preferred && !anne.phones["5678"].preferred);
    let out = written(&text, ContactFormat::VCard4);
    for line in
        ["EMAIL;PREF=1:a@", "EMAIL;PREF=2:b@", "EMAIL;PREF=100:c@", "TEL;PREF=1:1234", "TEL;PREF=100:5678"]
    {
        assert!(out.contains(line), "{line} in {out}");
    }
    stable(&text);
    let alone = read(&card("4.0", "FN:A\nEMAIL;PREF=100:c@a.example"), ContactFormat::VCard4).remove(0);
    assert!(!alone.record.emails["c@a.example"].preferred);
}

#[test]
fn parameters_that_a_contact_does_not_hold_go_back_to_their_lines() {
    for (version, line) in [
        ("4.0", "ADR;TYPE=HOME;LABEL=\"1 rue A^n75001 Paris\":;;1 rue A;Paris;;75001;France"),
        ("4.0", "ADR;TYPE=HOME;GEO=\"geo:1,2\";TZ=Europe/Paris:;;1 rue A;Paris;;75001;France"),
        ("4.0", "TEL;TYPE=CELL,HOME;X-SLOT=2:+33612345678"),
        ("4.0", "TEL;TYPE=VIDEO:+33612345678"),
        ("4.0", "ORG;SORT-AS=ABC:\"ABC\" SA"),
        ("4.0", "ORG:ABC;Nord;Ventes"),
        ("4.0", "N:Stevenson;John;Philip,Paul;Dr.;Jr.,M.D."),
        ("4.0", "N;SORT-AS=\"Harten,Rene\":van der Harten;Rene;;;"),
        ("4.0", "NOTE;LANGUAGE=fr:Une note"),
        ("4.0", "BDAY;CALSCALE=gregorian:19530415"),
        ("4.0", "BDAY:19531015T231000Z"),
        ("4.0", "NICKNAME;TYPE=WORK:Chef,Patron"),
        ("4.0", "ADR:;;1 rue A;Paris;;75001;France;2;;;1;rue A;;;;;;"),
        ("3.0", "URL;TYPE=WORK;X-A=b:https://a.example"),
    ] {
        let text = card(version, &format!("FN:Anne\n{line}"));
        let format = if version == "4.0" { ContactFormat::VCard4 } else { ContactFormat::VCard3 };
        let out = written(&text, format);
        assert!(out.lines().any(|found| found == line), "{line} in {out}");
        stable(&text);
    }
}

#[test]
fn a_value_that_changed_since_does_not_get_the_parameters_of_another() {
    let text = card("4.0", "FN:Anne\nTEL;TYPE=CELL;X-SLOT=2:+33612345678\nTEL;TYPE=HOME:1234");
    let mut anne = read(&text, ContactFormat::VCard4).remove(0);
    anne.record.phones.remove("+33612345678").unwrap();
    let mut out = Vec::new();
    write_contacts(&mut out, ContactFormat::VCard4, [(anne.record, anne.unknown)]).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("TEL;TYPE=HOME:1234\r\n"), "{out}");
    assert!(out.contains("X-PASSERELLE-PARAMS;OF=TEL;X-SLOT=2:+33612345678"), "{out}");
}

#[test]
fn further_names_and_alternatives_are_kept_and_the_first_is_the_one() {
    let text = card(
        "4.0",
        "FN;ALTID=1;LANGUAGE=fr:Anne Dupont\nFN;ALTID=1;LANGUAGE=ja:アンヌ\nN;ALTID=1;LANGUAGE=fr:Dupont;Anne;;;\nN;ALTID=1;LANGUAGE=ja:デュポン;アンヌ;;;\nORG;ALTID=2:Boulangerie\nORG;ALTID=2;LANGUAGE=en:Bakery\nTITLE;ALTID=3:Gérante\nTITLE;ALTID=3;LANGUAGE=en:Manager",
    );
    let anne = read(&text, ContactFormat::VCard4).remove(0).record;
    assert_eq!((anne.name.given.as_str(), anne.organization.name.as_str()), ("Anne", "Boulangerie"));
    assert!(anne.other_organizations.is_empty());
    let out = written(&text, ContactFormat::VCard4);
    for line in [
        "FN;ALTID=1;LANGUAGE=ja:アンヌ",
        "N;ALTID=1;LANGUAGE=fr:Dupont;Anne;;;",
        "N;ALTID=1;LANGUAGE=ja:デュポン;アンヌ;;;",
        "ORG;ALTID=2:Boulangerie",
        "ORG;ALTID=2;LANGUAGE=en:Bakery",
        "TITLE;ALTID=3:Gérante",
        "TITLE;ALTID=3;LANGUAGE=en:Manager",
    ] {
        assert!(out.lines().any(|found| found == line), "{line} in {out}");
    }
    assert!(out.contains("Anne Dupont"), "{out}");
    stable(&text);
}

#[test]
fn lines_of_one_group_stay_together() {
    let text = card(
        "3.0",
        "N:A;B;;;\nFN:B A\nitem1.TEL:1234\nitem1.X-ABLabel:Chalet\nitem1.X-RING:loud\nitem2.EMAIL:a@a.example\nitem2.X-ABLabel:Club\np1.X-B:1",
    );
    let out = written(&text, ContactFormat::VCard3);
    for line in ["item1.TEL:1234", "item1.X-ABLabel:Chalet", "item1.X-RING:loud", "p1.X-B:1"] {
        assert!(out.lines().any(|found| found == line), "{line} in {out}");
    }
    assert!(!out.contains("p1.EMAIL"), "{out}");
    stable(&text);
}

#[test]
fn a_coded_semicolon_of_quoted_printable_is_text() {
    let text = card(
        "2.1",
        "N;ENCODING=QUOTED-PRINTABLE:Du=3Bpont;Anne=2C Marie\nADR;HOME;ENCODING=QUOTED-PRINTABLE:;;1 rue A=3B B;Paris;;75001;France\nNOTE;ENCODING=QUOTED-PRINTABLE:a=5C=3Bb",
    );
    let anne = read(&text, ContactFormat::VCard3).remove(0).record;
    assert_eq!((anne.name.surname.as_str(), anne.name.given.as_str()), ("Du;pont", "Anne, Marie"));
    assert_eq!((anne.addresses["home"].street.as_str(), anne.notes.as_str()), ("1 rue A; B", "a;b"));
    stable(&text);
}

#[test]
fn an_agent_and_a_private_class_are_kept() {
    let agent = "BEGIN:VCARD\nVERSION:2.1\nN:Fred;Friday\nTEL:5555\nEND:VCARD";
    let text = card("2.1", &format!("N:A;B\nAGENT:\n{agent}\nTEL:1234"));
    let out = written(&text, ContactFormat::VCard4);
    assert!(out.contains("AGENT:BEGIN:VCARD\\nVERSION:2.1\\nN:Fred\\;Friday\\nTEL:5555"), "{out}");
    stable(&text);
    let text = card("3.0", "N:A;B;;;\nFN:B A\nCLASS:CONFIDENTIAL");
    assert!(read(&text, ContactFormat::VCard3)[0].record.private);
    let out = written(&text, ContactFormat::VCard3);
    assert!(out.contains("CLASS:CONFIDENTIAL") && !out.contains("CLASS:PRIVATE"), "{out}");
    for class in ["", "PUBLIC", " public "] {
        let text = card("3.0", &format!("N:A;B;;;\nFN:B A\nCLASS:{class}"));
        assert!(!read(&text, ContactFormat::VCard3)[0].record.private, "{class}");
    }
}

#[test]
fn a_type_of_somebodys_own_making_stays_as_it_was_typed() {
    let text = card("3.0", "N:A;B;;;\nFN:B A\nTEL;TYPE=Chalet:1234\nTEL;TYPE=WORK,Assistante:5678");
    let found = read(&text, ContactFormat::VCard3).remove(0).record;
    assert_eq!(
        (found.phones["1234"].label.as_str(), found.phones["5678"].label.as_str()),
        ("Chalet", "work")
    );
    assert!(written(&text, ContactFormat::VCard3).contains("TEL;TYPE=WORK,Assistante:5678"));
    stable(&text);
}
