//! Tables as the programs of five languages write them, and as people type them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use passerelle_contacts::Contact;
use passerelle_formats::{
    ContactFormat, Imported, Options, Reason, detect_contacts, has_column, knows_heading, read_contacts,
    read_table, unread_columns, write_contacts,
};

fn options() -> Options {
    Options { region: Some("FR".into()) }
}

fn read(table: &str) -> Vec<Imported<Contact>> {
    let format = detect_contacts(Some("a.csv"), table.as_bytes()).expect(table);
    read_contacts(table.as_bytes(), format, &options()).map(|row| row.expect(table)).collect()
}

/// What a contact says, in one line.
fn told(contact: &Contact) -> String {
    let mut parts = vec![contact.display_name()];
    let organization = &contact.organization;
    parts.extend([&organization.name, &organization.department, &organization.title].map(Clone::clone));
    parts.extend(contact.emails.values().map(|e| format!("{}<{}>", e.label, e.address)));
    parts.extend(contact.phones.iter().map(|(key, phone)| format!("{}:{key}", phone.label)));
    parts.extend(contact.addresses.values().map(|a| {
        let parts = [&a.label, &a.street, &a.postcode, &a.city, &a.region, &a.country, &a.country_code];
        parts.map(String::as_str).join("|").replace('\n', "/")
    }));
    parts.extend(contact.urls.values().map(|url| url.value.clone()));
    parts.extend(contact.birthday.map(|date| date.to_string()));
    parts.extend(contact.relations.values().map(|r| format!("{}={}", r.label, r.value)));
    parts.extend(contact.groups.values().cloned());
    parts.push(contact.notes.clone());
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

fn check(table: &str, expected: &str, unknown: &[&str]) {
    let rows = read(table);
    assert_eq!(rows.len(), 1, "{table}");
    assert_eq!(told(&rows[0].record), expected, "{table}");
    assert_eq!(rows[0].unknown, unknown, "{table}");
}

#[test]
fn headings_of_every_language_and_program_are_understood() {
    // Outlook: French, with two columns "Titre"; German; Spanish; Italian; the one of the web.
    check(
        "Titre;Prénom;Deuxième prénom;Nom;Suffixe;Société;Service;Titre;Rue (bureau);Ville (bureau);\
         Code postal (bureau);Pays/Région (bureau);Télécopie (bureau);Tél. mobile;Adresse de messagerie;\
         Type de messagerie;Nom complet de l'adresse de messagerie;Anniversaire;Nom de l'assistant(e)\n\
         Mme;Zoé;Anne;Lefèvre;;ACME;Achats;Acheteuse;1 rue A;Lyon;69001;France;0123456789;0612345678;\
         zoe@example.org;SMTP;Zoé;12.04.1985;Paul\n",
        "Mme Zoé Anne Lefèvre; ACME; Achats; Acheteuse; <zoe@example.org>; work_fax:+33123456789; \
         mobile:+33612345678; work|1 rue A|69001|Lyon||France|; 1985-04-12; assistant=Paul",
        &[],
    );
    check(
        "Anrede,Vorname,Weitere Vornamen,Nachname,Firma,Abteilung,Position,Straße geschäftlich,Ort geschäftlich,\
         Postleitzahl geschäftlich,Land/Region geschäftlich,Straße privat,Straße privat 2,Ort privat,\
         Weiterer Ort,Telefon geschäftlich,Telefon (privat 2),Mobiltelefon,Fax privat,E-Mail-Adresse,E-Mail-Typ,\
         E-Mail 2: Adresse,E-Mail: Angezeigter Name,Geburtstag,Name Assistent,Webseite,Notizen,Konto\n\
         Frau,Jana,,Groß,ACME,Einkauf,Leiterin,A-Str. 1,Bonn,53111,Deutschland,B-Str. 2,Hof,Köln,Ulm,\
         0123456781,0123456782,0612345678,0123456783,j@example.org,SMTP,k@example.org,Jana,24.12.1980,Max,\
         https://acme.example,neu,K1\n",
        "Frau Jana Groß; ACME; Einkauf; Leiterin; <j@example.org>; <k@example.org>; work:+33123456781; \
         home:+33123456782; home_fax:+33123456783; mobile:+33612345678; home|B-Str. 2/Hof||Köln|||; \
         other|||Ulm|||; work|A-Str. 1|53111|Bonn||Deutschland|; https://acme.example; 1980-12-24; assistant=Max; neu",
        &["Konto: K1"],
    );
    check(
        "Título,Nombre,Apellidos,Organización,Departamento,Puesto,Calle del trabajo,Ciudad de trabajo,\
         Provincia o estado de trabajo,Código postal de trabajo,País o región de trabajo,Otra ciudad,\
         Teléfono del trabajo,Teléfono particular,Teléfono móvil,Dirección de correo electrónico,\
         Nombre completo de la dirección de correo electrónico,Cumpleaños\n\
         Sra.,Ana,García López,ACME,Compras,Jefa,C/ A 1,Soria,Soria,42001,España,Vigo,0123456781,0123456782,\
         0612345678,ana@example.org,Ana,3/4/1985\n",
        "Sra. Ana García López; ACME; Compras; Jefa; <ana@example.org>; work:+33123456781; home:+33123456782; \
         mobile:+33612345678; other|||Vigo|||; work|C/ A 1|42001|Soria|Soria|España|; 1985-04-03",
        &[],
    );
    check(
        "Titolo,Nome,Cognome,Società,Reparto,Posizione,Via (uff.),Città (uff.),Provincia (uff.),CAP (uff.),\
         Paese (uff.),Ufficio,Abitazione,Cellulare,Fax (ab.),Indirizzo posta elettronica,Compleanno,Coniuge\n\
         Sig.ra,Ada,Rossi,ACME,Acquisti,Capo,Via A 1,Roma,RM,00100,Italia,0123456781,0123456782,0612345678,\
         0123456783,ada@example.org,3/4/1985,Ugo\n",
        "Sig.ra Ada Rossi; ACME; Acquisti; Capo; <ada@example.org>; work:+33123456781; home:+33123456782; \
         home_fax:+33123456783; mobile:+33612345678; work|Via A 1|00100|Roma|RM|Italia|; 1985-04-03; spouse=Ugo",
        &[],
    );
    check(
        "First Name,Middle Name,Last Name,Title,Nickname,E-mail Address,Mobile Phone,Job Title,Company,\
         Office Location,Business Street,Business City,Personal Web Page,Birthday\n\
         Ann,,Lee,Dr.,,ann@example.org,0612345678,Head,ACME,B2,1 A St,Rome,https://a.example,4/12/1985\n",
        "Dr. Ann Lee; ACME; Head; <ann@example.org>; mobile:+33612345678; work|1 A St||Rome|||; \
         https://a.example; 1985-04-12",
        &["Office Location: B2"],
    );
    // Thunderbird.
    check(
        "First Name,Last Name,Display Name,Primary Email,Secondary Email,Work Phone,Home Phone,Fax Number,\
         Mobile Number,Home Address,Home Address 2,Home City,Home State,Home ZipCode,Home Country,Job Title,\
         Organization,Web Page 1,Birth Year,Birth Month,Birth Day,Custom 1,Notes\n\
         Ann,Lee,Ann Lee,a@example.org,b@example.org,0123456781,0123456782,0123456783,0612345678,1 A St,Hof,\
         Rome,RM,00100,Italy,Head,ACME,https://a.example,1985,4,12,x,hello\n",
        "Ann Lee; ACME; Head; <a@example.org>; <b@example.org>; work:+33123456781; home:+33123456782; \
         other_fax:+33123456783; mobile:+33612345678; home|1 A St/Hof|00100|Rome|RM|Italy|; https://a.example; \
         1985-04-12; hello",
        &["Custom 1: x"],
    );
    check(
        "Vorname,Nachname,Anzeigename,Primäre E-Mail-Adresse,Tel. dienstlich,Mobil-Tel.-Nr.,Privat: Adresse,\
         Privat: Ort,Privat: PLZ,Dienstlich: Ort,Arbeitstitel,Geburtsjahr,Geburtsmonat,Geburtstag\n\
         Jana,Groß,Jana G. (neu),j@example.org,0123456781,0612345678,A 1,Bonn,53111,Ulm,Chefin,1985,4,12\n",
        "Jana Groß; Chefin; <j@example.org>; work:+33123456781; mobile:+33612345678; home|A 1|53111|Bonn|||; \
         work|||Ulm|||; 1985-04-12",
        &["Anzeigename: Jana G. (neu)"],
    );
    // Odoo and Dolibarr.
    check(
        "Nom,Société liée,Poste occupé,Titre,E-mail,Téléphone,Mobile,Rue,Rue2,Ville,État,Code postal,Pays,\
         Étiquettes,Site web,Identifiant\n\
         Zoé Lefèvre,ACME,Acheteuse,Madame,zoe@example.org,0123456781,0612345678,1 rue A,Bât. B,Lyon,Rhône,69001,\
         France,\"Clients, VIP\",https://a.example,X7\n",
        "Madame Zoé Lefèvre; ACME; Acheteuse; <zoe@example.org>; :+33123456781; mobile:+33612345678; \
         |1 rue A/Bât. B|69001|Lyon|Rhône|France|; https://a.example; Clients; VIP",
        &["Identifiant: X7"],
    );
    check(
        "Id contact;Titre civilité;Nom;Prénom;Poste/Fonction;Nom du tiers;Adresse;Code postal;Ville;Département;\
         Pays;Tél pro.;Tél perso.;Tél portable;Fax;Email;Note publique;Note privée\n\
         12;Mme;Lefèvre;Zoé;Acheteuse;ACME;1 rue A;69001;Lyon;Rhône;FR;0123456781;0123456782;0612345678;;\
         zoe@example.org;un;deux\n",
        "Mme Zoé Lefèvre; ACME; Acheteuse; <zoe@example.org>; work:+33123456781; home:+33123456782; \
         mobile:+33612345678; |1 rue A|69001|Lyon|Rhône||FR; un\ndeux",
        &["Id contact: 12"],
    );
    check(
        "name,parent_id/name,function,email,phone,street,street2,zip,city,country_id,category_id/name,comment\n\
         Ann Lee,ACME,Head,a@example.org,0123456781,1 A St,Hof,00100,Rome,Italy,VIP,hi\n",
        "Ann Lee; ACME; Head; <a@example.org>; :+33123456781; |1 A St/Hof|00100|Rome||Italy|; VIP; hi",
        &[],
    );
}

#[test]
fn the_table_of_apple_is_understood() {
    check(
        "First name,Last name,Organization,Department,Job title,Email (Home),Email (Work),Phone (Mobile),Phone (Work),\
         Address (Home) Street,Address (Home) City,Address (Home) ZIP,Address (Home) Country,Birthday,Note,\
         URL (Home Page)\n\
         Ann,Lee,ACME,Buying,Head,a@a.example,b@a.example,0612345678,0123456789,1 A St,Rome,00100,Italy,1985-04-12,\
         hi,https://a.example\n",
        "Ann Lee; ACME; Buying; Head; home<a@a.example>; work<b@a.example>; work:+33123456789; mobile:+33612345678; \
         home|1 A St|00100|Rome||Italy|; https://a.example; 1985-04-12; hi",
        &[],
    );
}

#[test]
fn a_sheet_that_somebody_typed_is_understood() {
    check(
        "Liste des clients;;;\n;;;\nNOM;PRÉNOM;Tel;GSM;Courriel;CP Ville;Né(e) le;Fidèle\n\
         Lefèvre;Zoé;01 23 45 67 81 / 01 23 45 67 82;0612345678;zoe@a.example, z@b.example;69001 Lyon;3/4/1985;oui\n",
        "Zoé Lefèvre; <z@b.example>; <zoe@a.example>; :+33123456781; :+33123456782; mobile:+33612345678; \
         ||69001|Lyon|||; 1985-04-03",
        &["Fidèle: oui"],
    );
    check(
        "Firma|Ansprechpartner|PLZ/Ort|Straße|Hausnummer|Handy\nACME|Jana Groß|53111 Bonn|A-Str.|12a|0612345678\n",
        "Jana Groß; ACME; mobile:+33612345678; |A-Str. 12a|53111|Bonn|||",
        &[],
    );
    check("Email\nzoe@example.org\n", "zoe@example.org; <zoe@example.org>", &[]);
    check("Nom Prénom;Mail pro;Fonction\nLefèvre Zoé;z@a.example;\n", "Lefèvre Zoé; work<z@a.example>", &[]);
    check(
        "Nome\tCognome\tCell.\tE-mail casa\r\nAda\tRossi\t0612345678\tada@a.example\r\n",
        "Ada Rossi; home<ada@a.example>; mobile:+33612345678",
        &[],
    );
    check(
        "Nom;Prénom;Adresse;CP;Ville;Adresse 2;CP 2;Ville 2\nLefèvre;Zoé;1 rue A;69001;Lyon;2 rue B;75001;Paris\n",
        "Zoé Lefèvre; |1 rue A|69001|Lyon|||; |2 rue B|75001|Paris|||",
        &[],
    );
    // More cells than headings, and one without a heading.
    check("Nom;E-mail;\nZoé;z@a.example;un;deux\n", "Zoé; <z@a.example>", &["#3: un", "#4: deux"]);
}

#[test]
fn the_line_in_which_excel_says_its_separator_is_no_row() {
    for first in ["sep=;\r\n", "\u{feff}sep=;\r\n", "\"sep=;\"\r\n", "SEP=;\n"] {
        let rows =
            read(&format!("{first}Prénom;Nom;Adresse de messagerie\r\nZoé;Lefèvre;zoe@example.org\r\n"));
        assert_eq!(told(&rows[0].record), "Zoé Lefèvre; <zoe@example.org>", "{first}");
        assert_eq!(rows[0].line, 3);
    }
    let rows = read("sep=|\nNom|E-mail\nA, B; C|a@b.example\n");
    assert_eq!(told(&rows[0].record), "A, B; C; <a@b.example>");
}

#[test]
fn colons_that_separate_nothing_are_text() {
    let rows = read("First Name,Nickname,Organization 1 - Name,Labels\nAnn,a:::b ::: c,:::,x:::\n");
    let contact = &rows[0].record;
    assert_eq!(contact.nicknames.keys().collect::<Vec<_>>(), ["a:::b", "c"]);
    assert_eq!(contact.organization.name, ":::");
    assert_eq!(contact.groups.keys().collect::<Vec<_>>(), ["x:::"]);
}

#[test]
fn several_values_in_one_cell_of_google_are_several_entries() {
    for (label, first, last) in [("Type", "Given Name", "Family Name"), ("Label", "First Name", "Last Name")]
    {
        let table = format!(
            "{first},{last},Address 1 - {label},Address 1 - Formatted,Address 1 - Street,Address 1 - City,\
             Address 1 - Postal Code,Address 1 - Country,Organization 1 - Name,Organization 1 - Title,\
             E-mail 1 - {label},E-mail 1 - Value,IM 1 - Service,IM 1 - Value,Event 1 - {label},Event 1 - Value\n\
             Ann,Lee,Home,1 rue A ::: 2 rue B,1 rue A ::: 2 rue B,Paris ::: Lyon, ::: 69001,France ::: FR,ACME ::: B Ltd,\
             Head ::: ,* Work,a@a.example ::: b@a.example,Skype,ann ::: lee,Other,soon\n"
        );
        let rows = read(&table);
        let contact = &rows[0].record;
        assert_eq!(
            told(contact),
            "Ann Lee; ACME; Head; work<a@a.example>; work<b@a.example>; home|1 rue A||Paris||France|; \
             home|2 rue B|69001|Lyon|||FR"
        );
        let preferred = contact.emails.values().map(|email| email.preferred).collect::<Vec<_>>();
        assert_eq!(preferred, [true, false]);
        assert_eq!(contact.ims.keys().collect::<Vec<_>>(), ["skype:ann", "skype:lee"]);
        assert_eq!(contact.other_organizations["b ltd"].title, "");
        assert_eq!(rows[0].unknown, ["Event 1 - Value: soon"]);
    }
}

#[test]
fn a_column_that_is_not_taken_is_told_and_can_be_named_by_a_person() {
    let table = "Nom;Bigophone;Fax 2 rouge;Couleur;Id\nZoé;06 12 34 56 78;;bleu;7\nAda;;;;8\n";
    let unread = unread_columns(table.as_bytes(), &[]);
    let told_of: Vec<_> =
        unread.iter().map(|column| (column.name.as_str(), column.rows, column.reaches)).collect();
    assert_eq!(told_of, [("Bigophone", 1, true), ("Couleur", 1, false), ("Id", 2, false)]);

    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let columns = vec![pair("bigophone", "mobile"), pair("Couleur", "-"), pair("Id", "note")];
    assert_eq!(unread_columns(table.as_bytes(), &columns), []);
    let rows: Vec<_> = read_table(table.as_bytes(), &options(), &columns).map(|row| row.unwrap()).collect();
    assert_eq!(told(&rows[0].record), "Zoé; mobile:+33612345678; 7");
    assert!(rows[0].unknown.is_empty());
    assert!(["mobile", "E-mail 1 - Value", "-", "Nachname"].into_iter().all(knows_heading));
    assert!(!["Bigophone", "", "?", " "].into_iter().any(knows_heading));

    let wider = "Nom;Bigophone\nZoé;;0612345678\n";
    let columns = vec![pair("#3", "mobile")];
    assert_eq!(unread_columns(wider.as_bytes(), &columns), []);
    let row = read_table(wider.as_bytes(), &options(), &columns).next().unwrap().unwrap();
    assert_eq!(told(&row.record), "Zoé; mobile:+33612345678");
    for (heading, there) in
        [("bigophone", true), ("#2", true), ("#3", true), ("#9", false), ("Portable", false), ("", false)]
    {
        assert_eq!(has_column(wider.as_bytes(), heading), there, "{heading}");
    }
}

#[test]
fn what_a_spreadsheet_would_calculate_comes_back_unchanged() {
    let mut contact = Contact::default();
    contact.name.given = "=HYPERLINK(\"http://a.example\")".to_owned();
    contact.name.surname = "'@SUM(A1)".to_owned();
    contact.notes = "-2+3+cmd|' /C calc'!A0".to_owned();
    contact.organization.name = "+1|x".to_owned();
    for format in [ContactFormat::GoogleCsv, ContactFormat::OutlookCsv] {
        let mut out = Vec::new();
        write_contacts(&mut out, format, [(contact.clone(), Vec::new())]).unwrap();
        for record in csv::Reader::from_reader(out.as_slice()).records() {
            assert!(record.unwrap().iter().all(|cell| !cell.starts_with(['=', '@', '-', '+'])));
        }
        let back = read_contacts(out.as_slice(), format, &options()).next().unwrap().unwrap().record;
        assert_eq!((back.name, back.notes), (contact.name.clone(), contact.notes.clone()));
        assert_eq!(back.organization, contact.organization);
    }
}

#[test]
fn what_has_no_column_left_shares_the_last_one() {
    let mut table = "First Name".to_owned();
    let mut row = "Ann".to_owned();
    for n in 1..=12 {
        table.push_str(&format!(
            ",Address {n} - Label,Address {n} - City,Custom Field {n} - Label,Custom Field {n} - Value"
        ));
        row.push_str(&format!(",Place {n},City {n},Field {n},Value {n}"));
    }
    let contact = read(&format!("{table}\n{row}\n")).remove(0).record;
    let mut out = Vec::new();
    write_contacts(&mut out, ContactFormat::GoogleCsv, [(contact.clone(), Vec::new())]).unwrap();
    let back = read_contacts(out.as_slice(), ContactFormat::GoogleCsv, &options()).next().unwrap().unwrap();
    assert_eq!(back.record, contact);
}

#[test]
fn headings_that_people_shorten_are_understood() {
    check(
        "Nom complet;Tél. port.;Co.;Rque;P.IVA;Tél. dom.;Tél. bur.;Adr.;CP;Ville;Né(e) le\n\
         Mme Zoé Lefèvre;0612345678;ACME;à rappeler;12345678901;0123456781;0123456782;1 rue A;69001;Lyon;12/04/85\n",
        "Mme Zoé Lefèvre; ACME; home:+33123456781; work:+33123456782; mobile:+33612345678; |1 rue A|69001|Lyon|||; \
         1985-04-12; à rappeler",
        &["P.IVA: 12345678901"],
    );
    check(
        "Kunde;Ansprechpartner;Kunden-Nr.;Straße u. Nr.;PLZ;Ort;Geb.;Bem.\n\
         ACME;Frau Jana Groß;K12;A-Str. 1;53111;Bonn;12. März 1985;neu\n",
        "Frau Jana Groß; ACME; |A-Str. 1|53111|Bonn|||; 1985-03-12; neu",
        &["Kunden-Nr.: K12"],
    );
    check(
        "Cliente;Cell.;Indirizzo;CAP;Comune;Prov.;C.F.;Osserv.\nAda Rossi;0612345678;Via A 1;00100;Roma;RM;RSS;x\n",
        "Ada Rossi; mobile:+33612345678; |Via A 1|00100|Roma|RM||; x",
        &["C.F.: RSS"],
    );
    check(
        "Full Name\tCell #\tWork #\tHome no.\tCity, State, Zip\tSpouse name\tCustomer e-mail\n\
         Ann Lee\t0612345678\t0123456781\t0123456782\tNew York, NY 10001\tBob\ta@a.example\n",
        "Ann Lee; <a@a.example>; work:+33123456781; home:+33123456782; mobile:+33612345678; ||10001|New York|NY||; spouse=Bob",
        &[],
    );
    check(
        "Apellidos;Nombre;Particular;Número móvil;Obs.\nGarcía;Ana;0123456781;0612345678;ok\n",
        "Ana García; home:+33123456781; mobile:+33612345678; ok",
        &[],
    );
}

#[test]
fn a_number_by_which_an_office_knows_somebody_is_none_to_call() {
    let left =
        |heading: &str| unread_columns(format!("Nom;{heading}\nZoé;01234567890\n").as_bytes(), &[]).remove(0);
    for heading in ["P.IVA", "SIRET", "N° client", "Kundennummer", "VAT no.", "NIF", "ID"] {
        assert!(!left(heading).reaches, "{heading}");
    }
    assert!(left("Bigophone").reaches);
}

#[test]
fn what_a_column_is_depends_on_those_beside_it_in_any_order() {
    // Two titles, whichever comes first.
    for (one, two) in [("Mme", "Acheteuse"), ("Acheteuse", "Mme")] {
        check(
            &format!("Titre;Nom;Titre;Prénom\n{one};Lefèvre;{two};Zoé\n"),
            "Mme Zoé Lefèvre; Acheteuse",
            &[],
        );
    }
    check("Titre;Nom;Titre;Prénom\nCol.;Lefèvre;Acheteuse;Zoé\n", "Col. Zoé Lefèvre; Acheteuse", &[]);
    // An older Thunderbird in French: the state is called a country too, the birthday has three columns.
    check(
        "Prénom,Nom de famille,Adresse privée,Ville,Pays/État,Code postal,Pays,Année de naissance,Mois,Jour\n\
         Zoé,Lefèvre,1 rue A,Lyon,Rhône,69001,France,1985,4,12\n",
        "Zoé Lefèvre; home|1 rue A|69001|Lyon|Rhône|France|; 1985-04-12",
        &[],
    );
    // A month that is none of a birthday is kept.
    check("Nom;Mois\nZoé;4\n", "Zoé", &["Mois: 4"]);
    // Odoo writes the company before the name.
    check("Nom complet,Nom,Société\n\"ACME, Zoé Lefèvre\",Zoé Lefèvre,ACME\n", "Zoé Lefèvre; ACME", &[]);
    check("Nom;Nom complet\nLefèvre;Zoé Lefèvre\n", "Zoé Lefèvre", &[]);
}

#[test]
fn a_cell_of_endless_entries_sets_its_row_aside() {
    let mails: Vec<String> = (0..20_001).map(|n| format!("p{n}@a.example")).collect();
    let table = format!("Nom;E-mail\nZoé;{}\nAda;a@a.example\n", mails.join(" ::: "));
    let found: Vec<_> = read_contacts(table.as_bytes(), ContactFormat::OutlookCsv, &options()).collect();
    let bad = found[0].as_ref().unwrap_err();
    assert_eq!((bad.line, bad.summary.as_str(), bad.reason), (2, "Zoé", Reason::TooMany));
    assert!(found[1].is_ok());
}

#[test]
fn a_quote_that_never_closes_costs_its_own_row_alone() {
    let table = "Nom,Prénom,Notes,E-mail\nDupont,Jean,ok,a@x.example\nPetit,Luc,\"jamais fermé,c@x.example\nNoir,Eva,ok,d@x.example\nGris,Tom,ok,e@x.example\n";
    let found: Vec<_> =
        read_contacts(table.as_bytes(), ContactFormat::GoogleCsv, &Options::default()).collect();
    let bad: Vec<_> = found.iter().filter_map(|one| one.as_ref().err()).collect();
    assert_eq!((bad.len(), bad[0].line, bad[0].reason), (1, 3, Reason::UnclosedQuote));
    assert!(bad[0].summary.starts_with("Petit"), "{}", bad[0].summary);
    let names: Vec<_> =
        found.iter().flatten().map(|one| (one.record.name.surname.as_str(), one.line)).collect();
    assert_eq!(names, [("Dupont", 2), ("Noir", 4), ("Gris", 5)]);
    let mut picked = Vec::new();
    passerelle_formats::pick(table.as_bytes(), &[(3, 0)].into(), &mut picked).unwrap();
    assert_eq!(
        String::from_utf8(picked).unwrap(),
        table
            .lines()
            .take(1)
            .chain(table.lines().skip(2).take(1))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    );
}

#[test]
fn what_a_sensitivity_or_a_priority_says_is_not_lost() {
    for (heading, value, private, kept) in [
        ("Sensitivity", "Private", true, ""),
        ("Sensitivity", "Normal", false, ""),
        ("Sensitivity", "Personal", false, "Sensitivity: Personal"),
        ("Critère de diffusion", "Privé", true, ""),
        ("Vertraulichkeit", "Vertraulich", true, "Vertraulichkeit: Vertraulich"),
        ("Priority", "High", false, "Priority: High"),
        ("Priorité", "Normale", false, ""),
    ] {
        let found = read(&format!("Last Name,First Name,{heading}\nDupont,Jean,{value}\n")).remove(0);
        let left: Vec<&str> = found.unknown.iter().map(String::as_str).collect();
        let wanted: Vec<&str> = Some(kept).filter(|kept| !kept.is_empty()).into_iter().collect();
        assert_eq!((found.record.private, left), (private, wanted), "{heading} {value}");
    }
}

#[test]
fn a_name_beside_another_one_goes_where_it_belongs() {
    for (header, row, given, surname, company, unread) in [
        ("Name;Surname;Email", "Anna;Müller;a@x.example", "Anna", "Müller", "", 0),
        ("Name;Nachname;Email", "Anna Müller;Müller;a@x.example", "Anna", "Müller", "", 0),
        ("Name;Family name;Email", "Müller, Anna Maria;Müller;a@x.example", "Anna Maria", "Müller", "", 0),
        (
            "Nom;Contact;Téléphone",
            "Boulangerie Martin;Marie Durand;0123456789",
            "",
            "Marie Durand",
            "Boulangerie Martin",
            0,
        ),
        (
            "Nom du client;Interlocuteur;Tél",
            "Boulangerie Martin;Marie Durand;0123456789",
            "",
            "Marie Durand",
            "Boulangerie Martin",
            0,
        ),
        ("Société;Contact;Tél", "ACME;Marie Durand;0123456789", "", "Marie Durand", "ACME", 0),
        ("Nom;Prénom;Contact principal", "Dupont;Jean;Marie Durand", "Jean", "Dupont", "", 1),
        ("Contact;Prénom;Tél", "Dupont;Jean;0123456789", "Jean", "Dupont", "", 0),
    ] {
        let table = format!("{header}\n{row}\n");
        let found = read(&table).remove(0).record;
        let name = &found.name;
        let family = if name.full.is_empty() { &name.surname } else { &name.full };
        assert_eq!(
            (name.given.as_str(), family.as_str(), found.organization.name.as_str()),
            (given, surname, company),
            "{header}"
        );
        assert_eq!(unread_columns(table.as_bytes(), &[]).len(), unread, "{header}");
    }
}

#[test]
fn a_heading_that_means_another_thing_takes_no_place() {
    let table = "Nom;Prénom;Nombre d'enfants;Anniversaire de l'entreprise;Date de naissance\nDupont;Jean;3;2001-05-06;1980-03-15\n";
    let found = read(table).remove(0);
    assert!(found.record.relations.is_empty(), "{:?}", found.record.relations);
    assert_eq!(found.record.birthday.unwrap().to_string(), "1980-03-15");
    assert_eq!(found.unknown.len(), 2, "{:?}", found.unknown);
    for header in ["Pays;Code pays", "Code pays;Pays"] {
        let cells = if header.starts_with("Pays") { "France;FR" } else { "FR;France" };
        let table =
            format!("Nom;Prénom;Rue;Code postal;Ville;{header};Client\nA;B;1 r;75001;Paris;{cells};oui\n");
        let found = read(&table).remove(0);
        assert_eq!(found.record.addresses.len(), 1, "{header}");
        let address = found.record.addresses.values().next().unwrap();
        assert_eq!((address.country.as_str(), address.country_code.as_str()), ("France", "FR"), "{header}");
        assert_eq!(
            (found.record.organization.name.as_str(), found.unknown),
            ("", vec!["Client: oui".to_owned()])
        );
    }
}

#[test]
fn an_address_is_taken_out_of_what_stands_around_it() {
    for (cell, kept) in [
        ("Jean Dupont <jean@x.example>", 0),
        ("\"\"\"Dupont, Jean\"\" <jean@x.example>\"", 0),
        ("mailto:jean@x.example", 0),
        ("<jean@x.example>", 0),
        ("MAILTO:jean@x.example", 0),
        ("Le patron <jean@x.example>", 1),
    ] {
        let found = read(&format!("Nom;Prénom;E-mail\nDupont;Jean;{cell}\n")).remove(0);
        let addresses: Vec<&str> = found.record.emails.values().map(|mail| mail.address.as_str()).collect();
        assert_eq!((addresses, found.unknown.len()), (vec!["jean@x.example"], kept), "{cell}");
    }
    let found = read("E-mail;Tél\nJean Dupont <jean@x.example>;0123456789\n").remove(0).record;
    assert_eq!(found.display_name(), "Jean Dupont");
}

#[test]
fn several_companies_of_one_cell_are_several() {
    let table = "First Name,Last Name,Organization Name,Organization Title,Labels\nJean,Dupont,ACME ::: Deux,Chef ::: Aide,* myContacts\n";
    let found = read(table).remove(0).record;
    let others: Vec<_> =
        found.other_organizations.values().map(|o| (o.name.as_str(), o.title.as_str())).collect();
    assert_eq!((found.organization.name.as_str(), found.organization.title.as_str()), ("ACME", "Chef"));
    assert_eq!(others, [("Deux", "Aide")]);
}

#[test]
fn what_no_address_or_number_can_be_is_kept_as_text() {
    let table = "Nom;E-mail;Tél;Site web\nA;n/a;aucun;-\nB;pas de mail;néant;non\nC;c@x.example;0612345678;c.example\n";
    let rows = read(table);
    for row in &rows[..2] {
        assert!(row.record.emails.is_empty() && row.record.phones.is_empty() && row.record.urls.is_empty());
        assert_eq!(row.unknown.len(), 3, "{:?}", row.unknown);
    }
    assert!(rows[2].unknown.is_empty() && rows[2].record.emails.len() == 1, "{:?}", rows[2]);
    let google = "First Name,E-mail 1 - Value,Phone 1 - Value\nA,#N/A,-\n";
    let row = &read(google)[0];
    assert!(
        row.record.emails.is_empty() && row.record.phones.is_empty() && row.unknown.len() == 2,
        "{row:?}"
    );
}

#[test]
fn figures_that_a_spreadsheet_keeps_as_text_are_figures() {
    let row = &read("Nom;Tél;Code postal\nA;=\"0612345678\";=\"01000\"\n")[0].record;
    assert_eq!(row.phones["+33612345678"].number, "0612345678");
    assert_eq!(row.addresses.values().next().unwrap().postcode, "01000");
    assert_eq!(read("Nom;Tél\nB;'0612345679\n")[0].record.phones["+33612345679"].number, "0612345679");
}

#[test]
fn what_odoo_dolibarr_and_outlook_call_otherwise_finds_its_place() {
    let row = &read("name,display_name,email\nJean Dupont,\"ACME, Jean Dupont\",a@x.example\n")[0];
    assert_eq!(
        (row.record.display_name().as_str(), row.record.organization.name.as_str()),
        ("Jean Dupont", "ACME")
    );
    assert!(row.unknown.is_empty(), "{:?}", row.unknown);
    for (table, parts) in [
        ("Name,Title,Job Position\nJean Dupont,Mister,Head\n", ["Mister", "Jean", "Dupont", ""]),
        ("Name,Title\nMister Jean Dupont,Mister\n", ["Mister", "Jean", "Dupont", ""]),
        ("Name,Title\nAnne Marie Dupont,Madam\n", ["", "", "", "Madam Anne Marie Dupont"]),
        ("Nom;Civilité\nDupont Frères;SARL\n", ["", "", "", "SARL Dupont Frères"]),
    ] {
        let name = &read(table)[0].record.name;
        let found = [&name.prefix, &name.given, &name.surname, &name.full];
        assert_eq!(found, parts, "{table}");
    }
    let row = &read("Name,Phone,Mobile\nJean,call in the morning,0612345678\n")[0];
    assert_eq!(
        (row.record.phones.len(), row.unknown.as_slice()),
        (1, ["Phone: call in the morning".to_owned()].as_slice())
    );
    let row = &read("Nom,Prénom,Département,Pays,État\nDupont,Jean,75,France,1\n")[0];
    assert_eq!((row.record.addresses.len(), row.unknown.as_slice()), (1, ["État: 1".to_owned()].as_slice()));
    let row = &read("Nom;Prénom;Ville;État\nDupont;Jean;Lyon;Actif\n")[0];
    assert_eq!(row.unknown, ["État: Actif"]);
    let children: Vec<String> = read("Prénom,Nom,Enfants\nJean,Dupont,\"Luc; Ann\"\n")[0]
        .record
        .relations
        .values()
        .map(|one| format!("{}={}", one.label, one.value))
        .collect();
    assert_eq!(children, ["child=Ann", "child=Luc"]);
    let row = &read(
        "Anrede;Titel;Vorname;Name;E-Mail\nFrau;Dr.;Eva;Müller;e@x.example\nHerr;Leiter;Max;Maier;m@x.example\n",
    );
    assert_eq!(
        (row[0].record.name.prefix.as_str(), row[0].record.organization.title.as_str()),
        ("Frau Dr.", "")
    );
    assert_eq!(
        (row[1].record.name.prefix.as_str(), row[1].record.organization.title.as_str()),
        ("Herr", "Leiter")
    );
}

#[test]
fn nicknames_and_remarks_come_back_from_the_table_of_outlook() {
    let table = "First Name,Nickname,Phone 1 - Value,Phone 2 - Value,E-mail 1 - Value\n\
                 Jean,\"Ann, the great ::: Annie\",call in the morning,0612345678,no mail\n";
    let jean = &read(table)[0].record;
    let names: Vec<&String> = jean.nicknames.values().collect();
    assert_eq!(names, ["Ann, the great", "Annie"]);
    let mut out = Vec::new();
    write_contacts(&mut out, ContactFormat::OutlookCsv, [(jean.clone(), Vec::new())]).unwrap();
    let again = &read(&String::from_utf8(out).unwrap())[0];
    assert_eq!(again.record.nicknames, jean.nicknames);
    assert_eq!((again.record.phones.len(), again.record.emails.len()), (1, 0));
    assert_eq!(again.unknown, Vec::<String>::new());
}

#[test]
fn the_words_of_googles_tables_are_labels_and_come_back() {
    let table = "First Name,Relation 1 - Label,Relation 1 - Value,Website 1 - Label,Website 1 - Value\n\
                 Jean,Spouse,Marie,Blog,https://b.example\n";
    let row = &read(table)[0].record;
    assert_eq!(row.relations["spouse:marie"].label, "spouse");
    assert_eq!(row.urls.values().next().unwrap().label, "blog");
    let mut out = Vec::new();
    write_contacts(&mut out, ContactFormat::GoogleCsv, [(row.clone(), Vec::new())]).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("Spouse") && text.contains("Blog"), "{text}");
    // Two values without a label share a cell.
    let table = "Name,E-mail 1 - Type,E-mail 1 - Value\nJean, ::: ,a@x.example ::: b@x.example\n";
    assert!(read(table)[0].record.emails.values().all(|email| email.label.is_empty()));
}

#[test]
fn what_a_spreadsheet_made_of_numbers_is_mended_or_kept_as_text() {
    let numbers = |table: &str| -> Vec<String> {
        read(table)[0].record.phones.values().map(|phone| phone.number.clone()).collect()
    };
    assert_eq!(numbers("Nom;Tél\nA;612345678\n"), ["0612345678"]);
    assert_eq!(numbers("Nom;Tél\nA;tel:+33612345678\n"), ["+33612345678"]);
    assert_eq!(numbers("Nom;Tél\nA;0612345678 0123456789\n").len(), 2);
    assert_eq!(numbers("Nom;Tél\nA;06 12 34 56 78\n"), ["06 12 34 56 78"]);
    let row = &read("Nom;Tél\nA;3,36123E+10\n")[0];
    assert!(row.record.phones.is_empty() && row.unknown == ["Tél: 3,36123E+10"], "{row:?}");
}

#[test]
fn more_headings_that_people_write_are_understood() {
    let row =
        &read("Nom;Mails;Site;Enfant 1;Enfant 2\nA;\"a@x.example, b@x.example\";a.example;Luc;Ann\n")[0];
    assert!(row.unknown.is_empty(), "{:?}", row.unknown);
    assert_eq!((row.record.emails.len(), row.record.urls.len(), row.record.relations.len()), (2, 1, 2));
}

#[test]
fn quotes_that_other_programs_write_enclose_as_those_of_the_rule() {
    for (table, notes) in [
        ("\"Nom\", \"E-mail\", \"Notes\"\n\"Doe\", \"j@x.example\", \"Paris, France\"\n", "Paris, France"),
        (
            "Nom,E-mail,Notes\nDoe,j@x.example,\"He said \\\"hi\\\", ok\"\nA,a@x.example,b\n",
            "He said \"hi\", ok",
        ),
        ("Nom;E-mail;Notes\n'Doe';'j@x.example';'a ; b'\n'O''Ro';'r@x.example';'c'\n", "a ; b"),
        // No quote of its own.
        ("Nom, E-mail, Notes\nDoe, j@x.example, \"so\" he said\n", "\"so\" he said"),
    ] {
        let found = read(table);
        let record = &found[0].record;
        let names =
            (record.notes.as_str(), record.emails.contains_key("j@x.example"), found[0].unknown.len());
        assert_eq!(names, (notes, true, 0), "{table}: {record:?}");
        // What is set aside of it is read the same.
        let mut out = Vec::new();
        passerelle_formats::pick(table.as_bytes(), &[(2, 0)].into(), &mut out).unwrap();
        assert_eq!(read(std::str::from_utf8(&out).unwrap())[0].record.notes, notes, "{table}");
    }
}

#[test]
fn a_label_without_a_value_is_kept_and_its_column_named() {
    let table = "Name,Phone 1 - Label,Phone 1 - Value,Custom Field 1 - Label,Custom Field 1 - Value,Relation 1 - Type,IM 1 - Service\n\
                 A,Mobile,06,VIP,,Frère,Skype\nB,*,,,,,\n";
    let found = read(table);
    assert_eq!(
        found[0].unknown,
        ["Custom Field 1 - Label: VIP", "Relation 1 - Type: Frère", "IM 1 - Service: Skype"]
    );
    assert!(found[1].unknown.is_empty());
    let left: Vec<String> =
        unread_columns(table.as_bytes(), &[]).into_iter().map(|column| column.name).collect();
    assert_eq!(left, ["Custom Field 1 - Label", "Relation 1 - Type", "IM 1 - Service"]);
}

#[test]
fn a_table_of_an_old_mac_has_its_accents() {
    let bytes = b"Nom;Pr\x8enom;Ville\nLef\x8fvre;Zo\x8e;Orl\x8eans\n";
    let found: Vec<_> =
        read_contacts(&bytes[..], ContactFormat::OutlookCsv, &options()).map(Result::unwrap).collect();
    assert_eq!(
        (found[0].record.display_name().as_str(), found[0].unknown.len()),
        ("Zo\u{e9} Lef\u{e8}vre", 0)
    );
}

#[test]
fn a_date_that_can_be_read_in_one_way_only_says_how_the_others_are_written() {
    for (table, days) in [
        (
            "First Name,Last Name,Birthday,Anniversary\nA,B,12/4/1985,19/6/2010\nC,D,3/4/1990,\n",
            ["1985-04-12", "1990-04-03"],
        ),
        ("Prénom,Nom,Naissance\nA,B,04/13/1985\nC,D,04/05/1986\n", ["1985-04-13", "1986-04-05"]),
        // One way and the other, or neither: the language of the headings decides.
        (
            "Prénom,Nom,Naissance\nA,B,04/13/1985\nC,D,05/04/1986\nE,F,13/4/1985\n",
            ["1985-04-13", "1986-04-05"],
        ),
        ("First Name,Last Name,Birthday\nA,B,04/05/1985\nC,D,04/06/1986\n", ["1985-04-05", "1986-04-06"]),
        ("First Name,Last Name,Birthday\nA,B,04.05.1985\nC,D,04/06/1986\n", ["1985-05-04", "1986-04-06"]),
    ] {
        let found: Vec<String> =
            read(table).iter().take(2).map(|row| row.record.birthday.unwrap().to_string()).collect();
        assert_eq!(found, days, "{table}");
    }
}

#[test]
fn all_of_an_address_beside_its_parts_is_one_address() {
    let header =
        "First Name,Home Address,Home Street,Home City,Home Postal Code,Home Country,Home Address PO Box";
    for (cells, street, unknown) in [
        ("\"1 rue A\nLyon 69001\nFrance\",1 rue A,Lyon,69001,France,", "1 rue A", vec![]),
        (",1 rue A,Lyon,69001,France,BP 1", "1 rue A", vec![]),
        ("1 rue A,,Lyon,69001,France,", "1 rue A", vec![]),
        ("69001 LYON,,Lyon,69001,,", "", vec![]),
        ("\"Bât. C, 1 rue A\",1 rue A,Lyon,69001,,", "1 rue A", vec!["Home Address: Bât. C, 1 rue A"]),
    ] {
        let table = format!("{header}\nAnne,{cells}\n");
        let row = &read(&table)[0];
        assert_eq!(row.record.addresses.len(), 1, "{table}");
        let address = row.record.addresses.values().next().unwrap();
        assert_eq!((address.street.as_str(), address.city.as_str()), (street, "Lyon"), "{table}");
        assert_eq!(row.unknown, unknown, "{table}");
    }
}

#[test]
fn what_a_template_says_beside_a_heading_is_no_part_of_it() {
    check(
        "Nom*;Prénom (facultatif);E-mail (obligatoire);Nom société* (s.nom);Tel. (optional)\nLefèvre;Zoé;z@x.example;ACME;0123456789\n",
        "Zoé Lefèvre; ACME; <z@x.example>; :+33123456789",
        &[],
    );
    assert!(!knows_heading("Couleur (s.nom)"));
}

#[test]
fn an_answer_that_is_neither_yes_nor_no_is_kept() {
    for (answer, private, unknown) in [
        ("Vrai", true, vec![]),
        ("x", true, vec![]),
        ("Falsch", false, vec![]),
        ("peut-être", false, vec!["Privé: peut-être"]),
    ] {
        let row = &read(&format!("Nom;Email;Privé\nZoé;z@x.example;{answer}\n"))[0];
        assert_eq!(
            (row.record.private, &row.unknown),
            (private, &unknown.iter().map(|s| (*s).to_owned()).collect()),
            "{answer}"
        );
    }
}

#[test]
fn of_two_cells_for_one_place_neither_is_lost() {
    for (table, told_of, unknown) in [
        (
            "Name,E-mail 1 - Value,E-mail 1 - Value\nA,a@x.example,b@x.example\n",
            "A; <a@x.example>",
            "E-mail 1 - Value: b@x.example",
        ),
        (
            "Nom;Email;Profession;Profession\nA;a@x.example;Un;Deux\n",
            "A; Un; <a@x.example>",
            "Profession: Deux",
        ),
        (
            "Name,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - Country\n\
             A,\"Bât C\n1 rue A\nLyon\nFrance\",1 rue A,Lyon,France\n",
            "A; |1 rue A||Lyon||France|",
            "Address 1 - Formatted: Bât C\n1 rue A\nLyon\nFrance",
        ),
    ] {
        check(table, told_of, &[unknown]);
    }
    check(
        "First Name,Labels,E-mail 1 - Value\nA,* myContacts ::: Amis ::: * starred,a@x.example\n",
        "A; <a@x.example>; Amis",
        &["Labels: * starred"],
    );
    // What the parts say as well is not said twice, nor is the name of a country whose code is there.
    check(
        "Name,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - Country\n\
         A,\"1 rue A\nLyon\nFrance\",1 rue A,Lyon,FR\n",
        "A; |1 rue A||Lyon|||FR",
        &[],
    );
}

#[test]
fn a_header_within_a_table_is_no_contact() {
    let rows = read("Nom;E-mail;\nAnne;a@x.example;\nNom;E-mail\nJean;j@x.example;\nNom;n@x.example;\n");
    let names: Vec<String> = rows.iter().map(|row| row.record.display_name()).collect();
    assert_eq!(names, ["Anne", "Jean", "Nom"]);
}

#[test]
fn a_column_of_which_nothing_was_taken_is_told() {
    let told = |table: &str| -> Vec<(String, u64, bool)> {
        let left = unread_columns(table.as_bytes(), &[]);
        left.into_iter().map(|column| (column.name, column.rows, column.known)).collect()
    };
    let table = "First Name,Last Name,Name,Company,Entreprise,Shoe\nAnn,Lee,The boss,ACME,BETA,40\nBob,Ray,A friend,,,41\n";
    let known = |name: &str, rows| (name.to_owned(), rows, true);
    assert_eq!(told(table), [known("Name", 2), known("Entreprise", 1), ("Shoe".to_owned(), 2, false)]);
    // What says the same is not lost.
    assert_eq!(told("First Name,Last Name,Display Name\nAnn,Lee,Ann Lee\n"), []);
}

#[test]
fn the_partner_of_a_company_and_the_columns_of_outlook_are_told_from_private_ones() {
    for (table, found) in [
        (
            "Nachname,Vorname,Position/Funktion,PLZ,Ort,Telefon,Partner\nGroß,Jana,Chefin,53111,Bonn,0123456789,ACME",
            "ACME",
        ),
        ("Apellidos,Nombre,Puesto/Función,Tercero\nRuiz,Ana,Jefa,ACME", "ACME"),
        ("Cognome,Nome,Posizione/Funzione,Soggetto terzo\nRossi,Ada,Capo,ACME", "ACME"),
        ("Name,Zugehöriges Unternehmen,Berufsposition\nJana Groß,ACME,Chefin", "ACME"),
        ("Nombre,Compañía relacionada,Puesto de trabajo\nAna Ruiz,ACME,Jefa", "ACME"),
        ("Nome,Azienda collegata,Posizione lavorativa\nAda Rossi,ACME,Capo", "ACME"),
        ("Nachname,Vorname,Firma,Partner\nGroß,Jana,ACME,Max", "ACME"),
        ("Nachname,Vorname,Geburtstag,Partner,Kinder\nGroß,Jana,1.2.1980,Max,Ida", ""),
    ] {
        let anne = read_table(table.as_bytes(), &Options::default(), &[]).next().unwrap().unwrap().record;
        assert_eq!(anne.organization.name, found, "{table}");
        let spouse = anne.relations.values().any(|relation| relation.label == "spouse");
        assert_eq!(spouse, table.contains("Max"), "{table}");
        assert!(
            found.is_empty() || !anne.organization.title.is_empty() || table.contains("Firma"),
            "{table}"
        );
    }
    let outlook =
        "Nachname,Ort geschäftlich,Ort,Auto,Richiamata automatica\nGroß,Bonn,Raum 5,0612345678,0712345678\n";
    let jana = read_table(outlook.as_bytes(), &Options::default(), &[]).next().unwrap().unwrap();
    let labels: Vec<&str> = jana.record.phones.values().map(|phone| phone.label.as_str()).collect();
    assert_eq!((labels, jana.unknown), (vec!["car", "callback"], vec!["Ort: Raum 5".to_owned()]));
    let hobby = read_table("Nachname,Auto\nGroß,0612345678\n".as_bytes(), &Options::default(), &[]).next();
    assert_eq!(hobby.unwrap().unwrap().unknown, ["Auto: 0612345678"]);
}

#[test]
fn the_address_of_a_person_says_which_word_is_the_surname() {
    for (mail, surname) in [
        ("jean.dupont@x.example", "Dupont"),
        ("jdupont@x.example", "Dupont"),
        ("j.dupont@x.example", "Dupont"),
        ("dupont.jean@x.example", "Jean"),
        ("info@x.example", "Jean"),
    ] {
        let table = format!("Nom,Titre,Poste occupé,E-mail\nDupont Jean,Monsieur,Chef,{mail}\n");
        let jean = read_table(table.as_bytes(), &Options::default(), &[]).next().unwrap().unwrap().record;
        assert_eq!(jean.name.surname, surname, "{mail}");
    }
}

#[test]
fn how_an_address_is_shown_is_kept_where_it_says_more() {
    let table = |shown: &str| {
        format!(
            "First Name,Last Name,Company,E-mail Address,E-mail Type,E-mail Display Name\n\
             Marie,Durand,Acme,MDurand@acme.fr,{shown}\n"
        )
    };
    for nothing in ["SMTP,Durand Marie (mdurand@acme.fr)", "EX,MARIE DURAND", ","] {
        check(&table(nothing), "Marie Durand; Acme; <MDurand@acme.fr>", &[]);
    }
    check(
        &table("FAX,Accounts (not before 10)"),
        "Marie Durand; Acme; <MDurand@acme.fr>",
        &["E-mail Type: FAX", "E-mail Display Name: Accounts (not before 10)"],
    );
}
