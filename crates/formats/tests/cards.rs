//! Cards that say more than a contact holds: what comes of them when they are read and written again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use passerelle_contacts::Contact;
use passerelle_formats::{
    ContactFormat, Imported, Options, Reason, read_address_book, read_contacts, write_contacts,
};
use proptest::strategy::Strategy as _;

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
fn a_label_of_a_line_without_a_place_for_it_stays_with_its_line() {
    for (lines, wanted) in [
        ("FN:Anne\nitem1.ORG:ACME\nitem1.X-ABLabel:Work", "ORG:ACME"),
        ("FN:Anne\nitem2.NOTE:n\nitem2.X-ABLabel:_$!<Other>!$_", "NOTE:n"),
    ] {
        let out = written(&card("3.0", lines), ContactFormat::VCard3);
        let line = out.lines().find(|line| line.ends_with(wanted)).unwrap();
        let group = line.split_once('.').unwrap_or_else(|| panic!("{out}")).0;
        assert!(out.contains(&format!("{group}.X-ABLabel:")), "{out}");
        stable(&card("3.0", lines));
    }
}

#[test]
fn a_label_that_is_named_twice_is_one() {
    for version in ["2.1", "3.0", "4.0"] {
        let found = read(&card(version, "FN:Anne\nCATEGORIES:a,b,a\nCATEGORIES:b"), ContactFormat::VCard3);
        assert_eq!(found[0].record.groups.keys().collect::<Vec<_>>(), ["a", "b"], "{version}");
    }
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

/// A card with a member of nearly every kind that RFC 9553 knows.
const WHOLE: &str = r#"[{"@type":"Card","version":"1.0","uid":"u1","kind":"individual","language":"fr",
"name":{"components":[{"kind":"given","value":"Ada"},{"kind":"surname","value":"Lovelace"},{"kind":"surname2","value":"Byron"},{"kind":"credential","value":"FRS"}],"isOrdered":true,"full":"Ada Lovelace Byron FRS","sortAs":{"surname":"Lovelace"}},
"nicknames":{"k1":{"@type":"Nickname","name":"Countess","contexts":{"private":true}}},
"organizations":{"o1":{"name":"ABC","units":[{"name":"Nord"},{"name":"Ventes"}],"sortAs":"ABC"},"o2":{"name":"Autre"}},
"titles":{"t1":{"name":"Chercheuse","organizationId":"o1"},"t2":{"name":"Chef","kind":"role","organizationId":"o2"},"t3":{"name":"Seconde","organizationId":"o1"}},
"emails":{"e1":{"address":"ada@a.example","contexts":{"work":true},"pref":2},"e2":{"address":"b@a.example","label":"Perso","pref":1},"e3":{"address":"c@a.example","contexts":{"private":true}}},
"onlineServices":{"x1":{"uri":"xmpp:ada@a.example"},"x2":{"service":"Mastodon","user":"@ada","uri":"https://a.example/@ada"},"x3":{"label":"rien"}},
"phones":{"p1":{"number":"tel:+1-555-555-5555;ext=555","features":{"voice":true,"sms":true},"contexts":{"private":true}}},
"addresses":{"a1":{"components":[{"kind":"number","value":"5"},{"kind":"name","value":"Oak St"},{"kind":"locality","value":"Reston"},{"kind":"district","value":"D"}],"countryCode":"US","coordinates":"geo:12.3,78.9","contexts":{"billing":true,"work":true},"pref":1}},
"links":{"l1":{"uri":"https://a.example/a,b;c","kind":"contact"}},
"media":{"m1":{"kind":"photo","uri":"https://a.example/p.png","mediaType":"image/png"},"m2":{"kind":"sound","uri":"CID:x"}},
"anniversaries":{"b":{"kind":"birth","date":{"@type":"PartialDate","year":1953,"month":10,"day":15},"place":{"full":"Paris"}},"w":{"kind":"wedding","date":{"@type":"Timestamp","utc":"2009-08-08T19:30:00Z"}},"d":{"kind":"death","date":{"@type":"PartialDate","year":2019}},"x":{"kind":"other","date":{"@type":"PartialDate","calendarScale":"hebrew"}}},
"keywords":{"internet":true,"no":false},"notes":{"n1":{"note":"Une","author":{"name":"John"}},"n2":{"note":"Deux"}},
"relatedTo":{"urn:uuid:f81d":{"relation":{"friend":true}},"Anne":{"relation":{"spouse":true}}},"example.com:custom":{"x":1}}]"#;

/// Reads a card; what names another item of it by its id has what that is called instead: ids of our own are others.
fn by_names(text: &str) -> serde_json::Value {
    let mut card: serde_json::Value = serde_json::from_str::<serde_json::Value>(text).unwrap()[0].take();
    let organizations = card["organizations"].clone();
    for title in card["titles"].as_object_mut().unwrap().values_mut() {
        if let Some(id) = title["organizationId"].as_str().map(str::to_owned) {
            title["organizationId"] = organizations[&id]["name"].clone();
        }
    }
    card
}

/// Tells whether a value says all that another one does: what is not so says nothing, nor does the usual type.
fn says_all(value: &serde_json::Value, other: &serde_json::Value) -> bool {
    match (value.as_object(), other.as_object()) {
        (Some(value), Some(other)) => other.iter().all(|(name, said)| {
            let is_usual = name == "@type" && said != "Timestamp";
            is_usual || *said == false || value.get(name).is_some_and(|value| says_all(value, said))
        }),
        _ => match (value.as_array(), other.as_array()) {
            (Some(value), Some(other)) => {
                value.len() == other.len()
                    && value.iter().zip(other).all(|(value, other)| says_all(value, other))
            }
            _ => value == other,
        },
    }
}

#[test]
fn every_member_of_a_card_in_json_comes_back() {
    for text in [
        WHOLE.to_owned(),
        WHOLE.replace("\"kind\":\"individual\"", "\"localizations\":{\"ja\":{\"emails/e3/label\":\"x\"}}"),
    ] {
        let ada = read(&text, ContactFormat::JsContact).remove(0).record;
        assert!(ada.emails["b@a.example"].preferred && !ada.emails["ada@a.example"].preferred);
        assert_eq!(ada.organization.title, "Chercheuse");
        let out = written(&text, ContactFormat::JsContact);
        let (card, parsed) = (by_names(&text), by_names(&out));
        let mut lost = Vec::new();
        for (member, value) in card.as_object().unwrap() {
            let there = &parsed[member];
            // Items that a contact holds whole get ids of our own: what each says is somewhere among them.
            let items = value.as_object().filter(|items| items.values().all(|item| item.is_object()));
            let found =
                match items.filter(|_| !matches!(member.as_str(), "name" | "localizations" | "relatedTo")) {
                    Some(items) => items.values().all(|item| {
                        let all = there.as_object().into_iter().flat_map(|there| there.values());
                        all.into_iter().any(|other| says_all(other, item))
                    }),
                    None => says_all(there, value),
                };
            lost.extend((!found).then_some(member));
        }
        assert!(lost.is_empty(), "{lost:?} of {out}");
        // What is said in another language is said of an item by its id.
        let translated = text.contains("localizations");
        assert!(!translated || parsed["emails"]["e3"]["address"] == "c@a.example", "{out}");
        assert_eq!(written(&out, ContactFormat::JsContact), out);
        assert_eq!(read(&out, ContactFormat::JsContact)[0].record, ada);
    }
}

#[test]
fn a_changed_contact_is_not_overruled_by_what_was_kept_of_it() {
    let mut found = read(WHOLE, ContactFormat::JsContact).remove(0);
    found.record.emails.remove("ada@a.example").unwrap();
    found.record.name.given = "Augusta".into();
    found.record.notes = "Neuf".into();
    for address in found.record.addresses.values_mut() {
        address.city = "Paris".into();
    }
    let mut out = Vec::new();
    write_contacts(&mut out, ContactFormat::JsContact, [(found.record.clone(), found.unknown)]).unwrap();
    let again = read(&String::from_utf8(out).unwrap(), ContactFormat::JsContact).remove(0);
    assert_eq!(again.record, found.record);
    assert!(again.unknown.iter().any(|text| text.starts_with("was {\"emails\"")));
}

#[test]
fn a_card_of_a_group_labels_its_members_and_is_no_person() {
    let group = |kind: &str, member: &str| {
        format!(
            "BEGIN:VCARD\nVERSION:3.0\nUID:g\nN:Amis\nFN:Amis\n{kind}:group\n{member}:urn:uuid:A1\n{member}:urn:uuid:a2\nEND:VCARD\n"
        )
    };
    let person = |uid: &str| format!("BEGIN:VCARD\nVERSION:3.0\nUID:{uid}\nN:P;{uid};;;\nFN:P\nEND:VCARD\n");
    let json = |uid: &str| format!(r#"{{"@type":"Card","uid":"{uid}","name":{{"full":"P"}}}}"#);
    let options = Options::default();
    for (text, format) in [
        (
            group("X-ADDRESSBOOKSERVER-KIND", "X-ADDRESSBOOKSERVER-MEMBER") + &person("A1") + &person("a2"),
            ContactFormat::VCard3,
        ),
        (person("A1") + &group("KIND", "MEMBER") + &person("a2"), ContactFormat::VCard4),
        (
            format!(
                r#"[{},{{"@type":"Card","kind":"group","uid":"g","name":{{"full":"Amis"}},"members":{{"urn:uuid:a1":true,"a2":true}}}},{}]"#,
                json("a1"),
                json("a2")
            ),
            ContactFormat::JsContact,
        ),
    ] {
        let found: Vec<Contact> =
            read_address_book(text.as_bytes(), format, &options).map(|found| found.unwrap().record).collect();
        assert_eq!(found.len(), 2, "{text}");
        assert!(found.iter().all(|one| one.groups["amis"] == "Amis"), "{text}");
        // A member that is not in the file: the card of the group is kept.
        let alone = text.replace("a2", "a3").replacen("a3", "a2", 1);
        let found = read_address_book(alone.as_bytes(), format, &options).map(Result::unwrap);
        assert_eq!(found.count(), 3, "{alone}");
    }
}

/// Lines as programs write them: Apple, Google, Outlook, Android, Evolution, Nextcloud, Zimbra.
const LINES: [&str; 37] = [
    "N:Dupont;Anne;Marie,Louise;Mme;PhD",
    "N;LANGUAGE=fr;SORT-AS=\"Dupont,Anne\":Dupont;Anne;;;",
    "NICKNAME;TYPE=WORK:Chef",
    "NICKNAME:Nini",
    "ORG;SORT-AS=ABC:ABC;Nord;Ventes",
    "ORG:Autre",
    "TITLE:Gérante",
    "ROLE:Chef",
    "EMAIL;PREF=1:first@a.example",
    "EMAIL;TYPE=INTERNET,pref,HOME:second@a.example",
    "item1.EMAIL;type=INTERNET:third@a.example",
    "item1.X-ABLabel:Club",
    "TEL;TYPE=HOME,CELL:0612345678",
    "TEL;CELL;VOICE;PREF:0612345679",
    "TEL;TYPE=WORK,VIDEO;X-EVOLUTION-UI-SLOT=2:+33 1 23 45 67 89",
    "TEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555-555-5555;ext=102",
    "item2.ADR;type=HOME;type=pref:;;3 place A\\nRez;Paris;;75001;France",
    "item2.X-ABADR:fr",
    "ADR;TYPE=WORK;LABEL=\"1 rue A^n75001\":;;1 rue A; Bat B;Paris;;75001;France",
    "LABEL;TYPE=WORK:1 rue A\\n75001",
    "item3.URL:https://a.example/a,b",
    "item3.X-ABLabel:_$!<HomePage>!$_",
    "X-JABBER;TYPE=HOME:anne@a.example",
    "IMPP;X-SERVICE-TYPE=Skype:skype:anne.d",
    "BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29",
    "BDAY:19531015T231000Z",
    "item4.X-ABDATE;type=pref:2010-06-19",
    "item4.X-ABLabel:_$!<Anniversary>!$_",
    "RELATED;TYPE=friend:urn:uuid:f81d",
    "X-SPOUSE:Paul",
    "item5.X-ABRELATEDNAMES;type=pref:Mayumi",
    "item5.X-ABLabel:_$!<Friend>!$_",
    "ANNIVERSARY:20090808T1430-0500",
    "NOTE;LANGUAGE=fr:Une\\nnote",
    "CATEGORIES:Amis,Clients",
    "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ",
    "CLASS:CONFIDENTIAL",
];

proptest::proptest! {
    #[test]
    fn any_mix_of_the_lines_of_programs_is_stable(
        picked in proptest::sample::subsequence(LINES.to_vec(), 0..=LINES.len()).prop_shuffle(),
        version in proptest::sample::select(vec!["2.1", "3.0", "4.0"]),
    ) {
        stable(&card(version, &format!("FN:Anne\n{}", picked.join("\n"))));
    }
}

#[test]
fn a_line_that_another_version_writes_by_another_name_says_the_same() {
    for (version, lines) in [
        // The word of vCard 4 for a friend makes two names of one property.
        (
            "3.0",
            "a.X-ABRELATEDNAMES;type=pref:Mayumi\na.X-ABLabel:_$!<Friend>!$_\nb.X-ABRELATEDNAMES:Shane\nb.X-ABLabel:Nachbar",
        ),
        ("4.0", "ANNIVERSARY:20090808T1430-0500"),
    ] {
        stable(&card(version, &format!("FN:Anne\n{lines}")));
    }
}

#[test]
fn a_card_that_lost_its_beginning_is_told() {
    let file = "X-A:1\nBEGIN:VCARD\nVERSION:3.0\nFN:a\nEND:VCARD\nVERSION:3.0\nN:Luc;Jean\nTEL:1\nEND:VCARD\n\
                BEGIN:VCARD\nVERSION:3.0\nFN:c\nEND:VCARD\n";
    let found: Vec<_> = read_contacts(file.as_bytes(), ContactFormat::VCard3, &Options::default()).collect();
    let told: Vec<_> = found
        .iter()
        .map(|found| found.as_ref().map_err(|bad| (bad.line, bad.summary.as_str(), bad.reason)).err())
        .collect();
    assert_eq!(told, [None, Some((7, "Luc Jean", Reason::NoBegin)), None]);
}

#[test]
fn a_day_of_birth_that_cannot_be_read_is_kept_beside_the_one_that_can() {
    for (lines, kept) in [
        ("BDAY:hier\nBDAY:19850412", "BDAY:hier"),
        ("BDAY:19850412\nBDAY:hier", "BDAY:hier"),
        ("BDAY:19850231\nBDAY:19850412", "BDAY:19850231"),
        ("BDAY:1985-04-\nBDAY:19850412", "BDAY:1985-04-"),
        ("BDAY:1985-04-12-99\nBDAY:19850412", "BDAY:1985-04-12-99"),
        ("BDAY;VALUE=text:circa 1800\nBDAY:19850412", "BDAY;VALUE=text:circa 1800"),
        ("BDAY;ALTID=1:hier\nBDAY;ALTID=1:19850412", "BDAY;ALTID=1:hier"),
        ("BDAY:1985-04-12 vers midi", "BDAY:1985-04-12 vers midi"),
    ] {
        let text = card("4.0", &format!("FN:Anne\n{lines}"));
        let anne = read(&text, ContactFormat::VCard4).remove(0);
        assert_eq!(anne.record.birthday.unwrap().to_string(), "1985-04-12", "{lines}");
        assert!(!anne.unknown.is_empty(), "{lines}");
        for format in [ContactFormat::VCard3, ContactFormat::VCard4] {
            let out = written(&text, format);
            assert!(out.lines().any(|line| line == kept), "{kept} in {out}");
        }
        stable(&text);
    }
    let years = card("4.0", "FN:Anne\nANNIVERSARY:hier\nANNIVERSARY:20100612");
    let anne = read(&years, ContactFormat::VCard4).remove(0);
    assert_eq!(anne.record.anniversary.unwrap().to_string(), "2010-06-12");
    assert_eq!(anne.unknown, ["ANNIVERSARY:hier"]);
    stable(&years);
}

#[test]
fn an_address_stands_by_itself_whatever_is_written_around_it() {
    let text = card(
        "3.0",
        "FN:Jean\nEMAIL:Jean Dupont <jean@x.example>\nEMAIL:mailto:j@x.example\nEMAIL:<k@x.example>",
    );
    let found = &read(&text, ContactFormat::VCard3)[0];
    let addresses: Vec<&str> = found.record.emails.values().map(|email| email.address.as_str()).collect();
    assert_eq!(addresses, ["j@x.example", "jean@x.example", "k@x.example"]);
    let out = written(&text, ContactFormat::VCard3);
    assert!(out.contains(":Jean Dupont <jean@x.example>"), "{out}");
    stable(&text);
}

#[test]
fn an_empty_day_of_birth_says_nothing() {
    let found = &read(&card("3.0", "FN:J\nBDAY:\nANNIVERSARY:"), ContactFormat::VCard3)[0];
    assert!(found.unknown.is_empty(), "{:?}", found.unknown);
}

#[test]
fn entries_that_are_kept_in_json_stay_with_those_that_are_not() {
    for card in [
        r#""titles":{"t":{"name":"Chef","organizationId":"o","x:y":1}},"organizations":{"o":{"name":"SA"}}"#,
        r#""organizations":{"a":{"name":"A"},"b":{"name":"B","x:y":1}}"#,
        r#""organizations":{"b":{"name":"B","x:y":1},"c":{"name":"A"}},"titles":{"t":{"name":"Chef","organizationId":"c"}}"#,
        r#""organizations":{"o":{"units":[{"name":"A","sortAs":"B"}]}}"#,
        r#""organizations":{"o":{},"p":{"x:y":1},"q":{"name":" "}},"titles":{"t":{"name":"Chef"}}"#,
        r#""organizations":{"o":{},"uid":{"name":"SA"}},"titles":{"t":{"name":"Chef","organizationId":"o"}}"#,
        r#""organizations":{"o":{"units":[{"name":"\r"}]}},"titles":{"t":{"name":"Chef","organizationId":"o","x:y":1}}"#,
        r#""emails":{"e":{"address":"a@a.example"},"f":{"address":"a@a.example","pref":1,"x:y":1}}"#,
        r#""emails":{"b":{"address":"a@a.example","x:y":1},"a":{"address":"a@a.example","label":"club"}}"#,
        r#""addresses":{"a":{"components":[{"kind":"name","value":" "}],"isOrdered":true}}"#,
        r#""addresses":{"a":{"countryCode":"FR","timeZone":"Europe/Paris"},"b":{"countryCode":"DE"}}"#,
    ] {
        let text =
            format!(r#"[{{"@type":"Card","version":"1.0","uid":"u","name":{{"full":"Anne"}},{card}}}]"#);
        let found = read(&text, ContactFormat::JsContact);
        let out = written(&text, ContactFormat::JsContact);
        let again = read(&out, ContactFormat::JsContact);
        assert_eq!(again[0].record, found[0].record, "{card}\n{out}");
        assert_eq!(written(&out, ContactFormat::JsContact), out, "{card}");
        assert!(!out.contains("was {"), "{out}");
    }
}

#[test]
fn blanks_around_the_parts_of_a_name_are_none_of_it() {
    let anne =
        read(&card("3.0", "FN:Anne Dupont\nN: Dupont ; Anne;;;"), ContactFormat::VCard3).remove(0).record;
    assert_eq!((anne.name.surname.as_str(), anne.name.given.as_str()), ("Dupont", "Anne"));
}

#[test]
fn companies_and_titles_of_one_group_are_all_kept() {
    let text = card(
        "3.0",
        "FN:Anne\nitem1.ORG:Un\nitem1.ORG:Deux\nitem1.ORG:Trois\norg1.ORG:Quatre\norg1.ORG:Cinq\n\
         org1.TITLE:Chef\norg1.TITLE:Aide",
    );
    let out = written(&text, ContactFormat::VCard4);
    for word in ["Un", "Deux", "Trois", "Quatre", "Cinq", "Chef", "Aide"] {
        assert!(out.contains(word), "{word} in {out}");
    }
    stable(&text);
}

#[test]
fn labels_of_vcard_2_1_stand_apart_by_semicolons() {
    for (version, text, labels) in [
        ("2.1", "Amis;Famille", vec!["amis", "famille"]),
        ("2.1", "Amis,Famille", vec!["amis", "famille"]),
        ("3.0", "Amis;Famille", vec!["amis;famille"]),
    ] {
        let text = card(version, &format!("N:A;B\nCATEGORIES:{text}"));
        let found: Vec<String> =
            read(&text, ContactFormat::VCard3).remove(0).record.groups.into_keys().collect();
        assert_eq!(found, labels, "{text}");
    }
}

#[test]
fn a_group_is_one_however_it_is_spelt() {
    let text = card("3.0", "FN:Anne\nITEM1.EMAIL:a@x.example\nitem1.X-ABLabel:Usine");
    let anne = read(&text, ContactFormat::VCard3).remove(0);
    assert_eq!((anne.record.emails["a@x.example"].label.as_str(), anne.unknown.len()), ("Usine", 0));
}

#[test]
fn several_addresses_in_one_line_are_several() {
    for (value, found) in [
        ("a@x.example,b@x.example", vec!["a@x.example", "b@x.example"]),
        ("a@x.example; mailto:b@x.example", vec!["a@x.example", "b@x.example"]),
        ("a@x.example\\,b@x.example", vec!["a@x.example", "b@x.example"]),
        ("\"a,b\"@x.example", vec!["\"a,b\"@x.example"]),
    ] {
        let text = card("3.0", &format!("FN:Anne\nEMAIL;TYPE=WORK,PREF:{value}"));
        let anne = read(&text, ContactFormat::VCard3).remove(0).record;
        let addresses: Vec<&str> = anne.emails.values().map(|email| email.address.as_str()).collect();
        assert_eq!(addresses, found, "{value}");
        assert!(anne.emails.values().all(|email| email.label == "work"));
        assert_eq!(anne.emails.values().filter(|email| email.preferred).count(), 1);
        stable(&text);
    }
}

#[test]
fn a_key_of_vcard_2_1_is_one_of_each_version() {
    let text = card("2.1", "FN:Anne\nKEY;X509;BASE64: MIICajCC AdOgAwIB");
    let three = written(&text, ContactFormat::VCard3);
    assert!(three.contains("KEY;TYPE=X509;ENCODING=b:MIICajCCAdOgAwIB"), "{three}");
    assert!(
        written(&text, ContactFormat::VCard4).contains("data:application/pkix-cert;base64,MIICajCCAdOgAwIB")
    );
    stable(&text);
}
