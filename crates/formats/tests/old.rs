//! What old telephones and organisers write: vCard 2.1 and vCalendar 1.0, with the faults that theirs have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use passerelle_calendar::Event;
use passerelle_contacts::Contact;
use passerelle_formats::{
    ContactFormat, EventFormat, Imported, Options, read_contacts, read_events, write_contacts,
};

fn cards(text: impl AsRef<[u8]>) -> Vec<Imported<Contact>> {
    let options = Options { region: Some("FR".into()) };
    read_contacts(text.as_ref(), ContactFormat::VCard3, &options).map(Result::unwrap).collect()
}

fn old(lines: &str) -> Imported<Contact> {
    let text = format!("BEGIN:VCARD\r\nVERSION:2.1\r\n{}\r\nEND:VCARD\r\n", lines.replace('\n', "\r\n"));
    cards(text).remove(0)
}

fn events(text: &str) -> Vec<Imported<Event>> {
    read_events(text.as_bytes(), EventFormat::ICalendar).map(Result::unwrap).collect()
}

#[test]
fn a_property_after_a_dangling_sign_is_a_property() {
    for (lines, phone, note) in [
        ("NOTE;ENCODING=QUOTED-PRINTABLE:cut=\nTEL;CELL:0612345678", true, "cut"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:cut=\nTEL:0612345678", true, "cut"),
        ("NOTE;QUOTED-PRINTABLE:cut=\nitem1.TEL;WORK;VOICE:0612345678", true, "cut"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:cut=0D=0A=\nTEL;CELL:0612345678", true, "cut\n"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:cut=0D=0A=\nTEL:0612345678", true, "cut\n"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:cut=\nX-RING:1\nTEL:0612345678", true, "cut"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:a=\n=C3=A9 b=\nc", false, "aé bc"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0A=\nTel: 0612345678", false, "a\nTel: 0612345678"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0A=\nTEL: 0612345678", false, "a\nTEL: 0612345678"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:voir =\nAttention: b", false, "voir Attention: b"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:voir =\nhttps://a.example", false, "voir https://a.example"),
    ] {
        let found = old(&format!("N:Dupont;Jean\n{lines}\nEMAIL:a@x.example")).record;
        assert_eq!(found.phones.contains_key("+33612345678"), phone, "{lines}");
        assert_eq!((found.notes.as_str(), found.emails.len()), (note, 1), "{lines}");
    }
    // An address may end with the sign.
    let found = old("N:A;B\nURL;ENCODING=QUOTED-PRINTABLE:http://x.example/?a=\nTEL;CELL:0612345678").record;
    let urls: Vec<&str> = found.urls.values().map(|url| url.value.as_str()).collect();
    assert_eq!((urls, found.phones.len()), (vec!["http://x.example/?a="], 1));
    let found = events(
        "BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nSUMMARY;ENCODING=QUOTED-PRINTABLE:cut=\nDTSTART:20260316T090000Z\nDTEND:20260316T100000Z\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    assert_eq!(found[0].record.title, "cut");
}

#[test]
fn a_blank_after_a_soft_break_is_text() {
    for (value, note) in [
        ("Le prix est de=\n 100 euros", "Le prix est de 100 euros"),
        ("Le prix est=\n  de=\n\t100 euros", "Le prix est  de\t100 euros"),
        ("=C3=A9t=C3=\n=A9=\n fin", "été fin"),
        // Where blanks are coded, one that is not is a fold.
        ("Le=20prix=20est=20de=\n =20100=20euros", "Le prix est de 100 euros"),
    ] {
        let found = old(&format!("N:A;B\nNOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:{value}\nTEL:1"));
        assert_eq!(found.record.notes, note, "{value}");
    }
    let found = events(
        "BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nSUMMARY;ENCODING=QUOTED-PRINTABLE:un=\n deux\nDTSTART:20260316T090000Z\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    assert_eq!(found[0].record.title, "un deux");
}

#[test]
fn texts_in_base_64_are_texts() {
    for (name, head, value) in [
        ("utf-8", "N;CHARSET=UTF-8;ENCODING=BASE64", "TGVmw6h2cmU7Wm/DqQ=="),
        ("bare", "N;BASE64;CHARSET=UTF-8", "TGVmw6h2cmU7Wm/DqQ=="),
        ("letter", "N;ENCODING=b", "TGVmw6h2cmU7Wm/DqQ=="),
        ("latin", "N;CHARSET=ISO-8859-1;ENCODING=BASE64", "TGVm6HZyZTtab+k="),
        ("folded", "N;CHARSET=UTF-8;ENCODING=BASE64", "TGVmw6h2\n cmU7Wm/DqQ=="),
    ] {
        let found = old(&format!("{head}:{value}\nTEL;CELL:0612345678")).record;
        assert_eq!((found.name.surname.as_str(), found.name.given.as_str()), ("Lefèvre", "Zoé"), "{name}");
        assert_eq!(found.phones.len(), 1, "{name}");
    }
    let found = old(
        "N:A;B\nNOTE;ENCODING=BASE64;CHARSET=UTF-8:TGlnbmUNCmRldXgsIGV0Yw==\n\nADR;HOME;ENCODING=BASE64:Ozs1IHJ1ZSBBO1BhcmlzOzs3NTAwMTtGcmFuY2U=\nX-A;ENCODING=BASE64:AAEC\nPHOTO;JPEG;ENCODING=BASE64:/9j/4A==",
    );
    assert_eq!(found.record.notes, "Ligne\ndeux, etc");
    assert_eq!(found.record.addresses["home"].city, "Paris");
    assert!(found.unknown.iter().any(|text| text.starts_with("X-A;ENCODING=BASE64:AAEC")));
    assert!(found.unknown.iter().any(|text| text.starts_with("PHOTO") && text.ends_with(":/9j/4A==")));
    // What is none is a text as it stands.
    assert_eq!(old("N:A;B\nNOTE;ENCODING=BASE64:pas du tout").record.notes, "pas du tout");
    let mut out = Vec::new();
    write_contacts(&mut out, ContactFormat::VCard3, [(found.record, found.unknown)]).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("NOTE:Ligne\\ndeux\\, etc\r\n"), "{out}");
}

#[test]
fn a_mark_in_front_of_a_record_is_no_text() {
    let card = |name: &str| format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nN:{name};;;;\nEND:VCARD");
    for between in ["\n\u{feff}", "\u{feff}", "", "\n\n\u{feff}\n", "\n\u{feff}\u{feff}"] {
        let found = cards(format!("\u{feff}{}{between}{}", card("A"), card("B")));
        let names: Vec<&str> = found.iter().map(|found| found.record.name.surname.as_str()).collect();
        assert_eq!(names, ["A", "B"], "{between:?}");
    }
    let wide: Vec<u8> = format!("\u{feff}{}\n\u{feff}{}", card("A"), card("B"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(cards(wide).len(), 2);
    let event = |uid: &str| {
        format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:{uid}\nDTSTART:20260316T090000Z\nEND:VEVENT\nEND:VCALENDAR"
        )
    };
    assert_eq!(events(&format!("\u{feff}{}\n\u{feff}{}", event("a"), event("b"))).len(), 2);
    let (file, mut first) = (format!("{}\n\u{feff}{}", card("A"), card("B")), Vec::new());
    passerelle_formats::pick(file.as_bytes(), &[(6, 0)].into(), &mut first).unwrap();
    assert!(String::from_utf8(first).unwrap().contains("FN:B"));
}
