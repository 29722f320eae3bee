//! What the heading of a column says, in any of five languages: a small grammar of words instead of a list of columns.
//!
//! A heading is understood when every word of it is known and together they name one thing: "Telefon (privat) 2",
//! "Rue (bureau)", "Home Address PO Box". One word that is not known leaves the whole column unknown: a guess would
//! put values in the wrong place.

use std::{collections::HashMap, sync::LazyLock};

/// What a word, or a whole heading, is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Prefix,
    /// "Titre", "Title", "Titel": before the name or in the company; the other columns decide.
    Title,
    Given,
    Middle,
    Surname,
    Suffix,
    /// "Nom", "Name", "Nombre", "Nome": the whole name or a part; the other columns decide.
    Name,
    Full,
    Nickname,
    PhoneticGiven,
    PhoneticSurname,
    Company,
    Department,
    /// "Département": of the company or of France; the other columns decide.
    Departement,
    JobTitle,
    /// What Outlook has beside the job title, and others instead of it.
    Profession,
    Email,
    Phone,
    Mobile,
    Fax,
    Pager,
    PhoneAs(&'static str),
    Address,
    Street,
    HouseNumber,
    Extended,
    City,
    Region,
    Postcode,
    PostcodeCity,
    Country,
    PoBox,
    Web,
    Birthday,
    BirthYear,
    BirthMonth,
    BirthDay,
    Anniversary,
    Notes,
    Groups,
    GoogleGroups,
    Assistant,
    Manager,
    Relation(&'static str),
    Im(&'static str),
    Photo,
    Private,
    /// How important somebody is.
    Priority,
    /// "Sensitivity", as Outlook writes it.
    Sensitivity,
    /// "Client", "Kunde": a company where the table names a person as well, else whoever it is.
    Client,
    /// A number by which an office knows somebody: none to call.
    OfficeNumber,
    /// "Mois", "Tag": of the birthday, where its year has a column.
    Month,
    Day,
    /// "Type de messagerie": how another column is meant.
    Type,
    /// How an address is shown, or of which sort it is.
    Shown,
}

/// Where something belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    Work,
    Home,
    Other,
}

impl Place {
    pub(super) fn label(self) -> &'static str {
        match self {
            Place::Work => "work",
            Place::Home => "home",
            Place::Other => "other",
        }
    }
}

/// What a heading says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) kind: Kind,
    pub(super) place: Option<Place>,
    pub(super) number: Option<u32>,
    /// Whether a word of it is of a language that writes the day before the month.
    pub(super) day_first: bool,
}

#[derive(Clone, Copy)]
enum Sense {
    Is(Kind),
    At(Place),
    Filler,
}

use Kind::{
    Address, Anniversary, Assistant, BirthDay, BirthMonth, BirthYear, Birthday, City, Client, Company,
    Country, Day, Departement, Department, Email, Extended, Fax, Full, Given, GoogleGroups, Groups,
    HouseNumber, Im, JobTitle, Manager, Middle, Mobile, Month, Name, Nickname, Notes, OfficeNumber, Pager,
    Phone, PhoneAs, PhoneticGiven, PhoneticSurname, Photo, PoBox, Postcode, Prefix, Priority, Private,
    Profession, Region, Relation, Sensitivity, Shown, Street, Suffix, Surname, Title, Type, Web,
};
use Sense::{At, Filler, Is};

/// English, and what several languages share.
const ENGLISH: &[(Sense, &str)] = &[
    (Is(Prefix), "prefix|name prefix|honorific|honorific prefix|salutation|courtesy title"),
    (Is(Title), "title"),
    (Is(Given), "first name|firstname|given name|givenname|forename|first|given"),
    (Is(Middle), "middle name|middlename|additional name|middle|middle names"),
    (Is(Surname), "last name|lastname|surname|family name|familyname|last"),
    (Is(Suffix), "suffix|name suffix|honorific suffix"),
    (Is(Name), "name|contact name|customer name|partner name|contact|contact person"),
    (Is(Full), "full name|fullname|display name|displayname|complete name|file as|formatted name"),
    (Is(Nickname), "nickname|nick name|nick"),
    (Is(PhoneticGiven), "phonetic first name|given name yomi|given yomi|phonetic given name"),
    (Is(PhoneticSurname), "phonetic last name|family name yomi|surname yomi|phonetic surname"),
    (
        Is(Company),
        "company|company name|companyname|organization|organisation|organization name|organisation name|employer|\
         related company|parent company|third party|third party name|thirdparty|thirdparty name|business name|\
         account name|firm|parent|parent id|parent id name|parent name",
    ),
    (Is(Department), "department|organization department|organisation department|division"),
    (
        Is(JobTitle),
        "job title|jobtitle|job position|job|position|role|function|organization title|organisation title|\
         post function|position held",
    ),
    (Is(Profession), "profession|occupation"),
    (
        Is(Email),
        "email|e mail|mail|emails|e mails|mails|email address|email addresses|e mail address|e mail addresses|mail address|\
         electronic mail",
    ),
    (
        Is(Phone),
        "phone|telephone|tel|phone number|telephone number|landline|land line|ph|phones|direct line|fixed line",
    ),
    (
        Is(Mobile),
        "mobile|mob|mobile phone|mobile number|cell|cell phone|cellphone|cellular|mobiles|gsm|iphone|i phone",
    ),
    (Is(Fax), "fax|fax number|telefax|facsimile"),
    (Is(Pager), "pager|pager number|beeper"),
    (Is(PhoneAs("main")), "company main phone|main phone|switchboard"),
    (Is(PhoneAs("")), "primary phone"),
    (Is(PhoneAs("car")), "car phone"),
    (Is(PhoneAs("callback")), "callback"),
    (Is(PhoneAs("radio")), "radio phone"),
    (Is(PhoneAs("tty")), "tty tdd phone|tty|tdd"),
    (Is(PhoneAs("isdn")), "isdn"),
    (Is(PhoneAs("telex")), "telex"),
    (Is(PhoneAs("whatsapp")), "whatsapp|whats app"),
    (Is(Address), "address|addr|address line|postal address|mailing address"),
    (Is(Street), "street|street address|street name|street line|road"),
    (Is(HouseNumber), "house number|street number"),
    (Is(Extended), "extended address|address complement|suite|apartment"),
    (Is(City), "city|town|locality|city town|town city"),
    (
        Is(Region),
        "state|region|county|province|state province|state region|state county|state id|state id name",
    ),
    (
        Is(Postcode),
        "zip|zip code|zipcode|postal code|postcode|post code|zip postal code|zip postcode|postalcode",
    ),
    (Is(Country), "country|country code|country name|nation|country id|country id name|country id code"),
    (Is(PoBox), "po box|p o box|pobox|post office box"),
    (
        Is(Web),
        "web|web page|webpage|website|web site|url|homepage|home page|internet|www|website link|personal web page|\
         web address",
    ),
    (Is(Birthday), "birthday|birth date|birthdate|date of birth|dob|born"),
    (Is(BirthYear), "birth year"),
    (Is(BirthMonth), "birth month"),
    (Is(BirthDay), "birth day"),
    (Is(Anniversary), "anniversary|wedding anniversary|wedding day"),
    (
        Is(Notes),
        "notes|note|comments|comment|remarks|remark|memo|description|public note|private note|note public|\
         note private",
    ),
    (Is(Groups), "categories|category|groups|group|tags|tag|contact tags|category id|category id name"),
    (Is(GoogleGroups), "labels|group membership"),
    (Is(Assistant), "assistant|assistant s"),
    (Is(Manager), "manager|manager s"),
    (Is(Relation("spouse")), "spouse"),
    (Is(Relation("child")), "children|child"),
    (Is(Im("skype")), "skype|skype name|skype id"),
    (Is(Photo), "photo"),
    (Is(Private), "private"),
    (Is(Type), "type"),
    (Is(Priority), "priority"),
    (Is(Sensitivity), "sensitivity"),
    (At(Place::Work), "work|business|office|professional|bus|biz|pro|prof|corporate"),
    (At(Place::Home), "home|personal|private|pers"),
    (At(Place::Other), "other|alternative|alternate|additional|extra"),
    (
        Filler,
        "primary|main|secondary|second|number|no|nr|num|the|of|contact|person|preferred|default|direct|required|optional|mandatory",
    ),
    (Is(Client), "client|customer"),
    (
        Is(OfficeNumber),
        "vat|vat number|vat no|vat id|tax id|tax number|tin|ssn|ein|iban|bic|account number|customer number|customer no|customer id|client id|client number|client no|contact id|member number|ref|reference|id",
    ),
    (Is(Month), "month"),
    (Is(Day), "day"),
    (Is(Company), "co|corp|co name"),
    (Is(Given), "f name|fname"),
    (Is(Surname), "l name|lname"),
    (Is(Phone), "telephone no|tel no|phone no|ph no|tel number"),
    (Is(Mobile), "mobile no|mob no|cell no|cell number"),
    (Is(Department), "dept"),
    (Is(Notes), "rem|obs|misc"),
    (Is(Birthday), "bday|b day|d o b"),
    (Filler, "customer|client"),
];

const FRENCH: &[(Sense, &str)] = &[
    (Is(Prefix), "civilite|titre civilite|titre de civilite|titre de politesse|politesse|prefixe|m mme"),
    (Is(Title), "titre"),
    (Is(Given), "prenom|prenoms|prenom usuel"),
    (Is(Middle), "deuxieme prenom|second prenom|autres prenoms|autre prenom|2e prenom|2eme prenom"),
    (
        Is(Surname),
        "nom de famille|noms de famille|patronyme|nom patronymique|nom usage|nom d usage|nom usuel|famille",
    ),
    (Is(Suffix), "suffixe"),
    (Is(Name), "nom|nom du contact|nom contact|nom du client|nom client|interlocuteur|personne de contact"),
    (
        Is(Full),
        "nom complet|nom affiche|nom a afficher|nom d affichage|nom et prenom|nom et prenoms|prenom et nom|\
         nom prenom|prenom nom|noms et prenoms|classer sous",
    ),
    (Is(Nickname), "surnom|pseudo|pseudonyme|diminutif"),
    (
        Is(Company),
        "societe|nom de la societe|nom societe|entreprise|nom de l entreprise|nom entreprise|raison sociale|\
         organisation|organisme|etablissement|employeur|tiers|nom du tiers|nom tiers|nom ou raison sociale|\
         nom de l organisation|structure|societe liee|entreprise liee|denomination|denomination sociale|\
         societe apparentee",
    ),
    (Is(Department), "service"),
    (Is(Departement), "departement|dept"),
    (
        Is(JobTitle),
        "fonction|poste|poste occupe|intitule du poste|titre du poste|poste fonction|fonction poste|metier|emploi|\
         qualite|titre 1|titre professionnel",
    ),
    (Is(Profession), "profession"),
    (
        Is(Email),
        "courriel|courriels|mel|mels|messagerie|adresses e mail|adresses email|adresses mail|adresse de messagerie|adresse messagerie|adresse electronique|courrier electronique|\
         adresse e mail|adresse email|adresse mail|adresse courriel|adresse de courriel|adresse de courrier electronique",
    ),
    (
        Is(Phone),
        "telephone fixe|tel fixe|fixe|ligne fixe|ligne directe|numero de telephone|numero telephone|no de telephone|\
         n de telephone|no tel|n tel|num tel|numero de tel|telephones",
    ),
    (
        Is(Mobile),
        "portable|telephone portable|tel portable|telephone mobile|tel mobile|cellulaire|natel|numero de portable|\
         numero de mobile|numero de telephone portable|numero de telephone mobile|telephone cellulaire|tel gsm",
    ),
    (Is(Fax), "telecopie|telecopieur|numero de fax|numero de telecopie"),
    (
        Is(Pager),
        "bipeur|recepteur de radiomessagerie|radiomessagerie|numero de bipeur|telephone pager|alphapage",
    ),
    (Is(PhoneAs("main")), "standard|telephone societe|tel societe|telephone standard|standard telephonique"),
    (Is(PhoneAs("")), "telephone principal|tel principal"),
    (Is(PhoneAs("car")), "telephone voiture|tel voiture"),
    (Is(PhoneAs("callback")), "rappel"),
    (Is(PhoneAs("radio")), "radiotelephone|radio telephone"),
    (Is(PhoneAs("tty")), "telephone tdd tty|telephone tty tdd|tdd tty"),
    (Is(PhoneAs("isdn")), "rnis|numeris"),
    (Is(Address), "adresse|adresse postale"),
    (Is(Street), "rue|voie|numero et rue|n et rue|rue et numero|numero et voie|adresse rue"),
    (Is(HouseNumber), "numero de rue|numero de voie"),
    (
        Is(Extended),
        "complement d adresse|complement adresse|adresse complement|complement|batiment|adresse complementaire|\
         suite de l adresse",
    ),
    (Is(City), "ville|localite|commune"),
    (Is(Region), "dep region|etat|etat region|etat province|canton|departement region|departement canton"),
    (Is(Postcode), "code postal|cp|c p|npa|codepostal"),
    (Is(Country), "pays|code pays|nom du pays"),
    (Is(PoBox), "bp|b p|boite postale"),
    (
        Is(Web),
        "site|site web|site internet|page web|page web personnelle|page personnelle|lien du site web|adresse web|\
         page d accueil|adresse internet|page internet",
    ),
    (
        Is(Birthday),
        "anniversaire|date de naissance|date naissance|naissance|ne le|nee le|ne e le|date d anniversaire|\
         date anniversaire|jour de naissance complet",
    ),
    (Is(BirthYear), "annee de naissance|annee naissance"),
    (Is(BirthMonth), "mois de naissance|mois naissance"),
    (Is(BirthDay), "jour de naissance|jour naissance"),
    (
        Is(Anniversary),
        "anniversaire de mariage ou fete|anniversaire de mariage|date de mariage|anniversaire mariage|mariage",
    ),
    (
        Is(Notes),
        "remarque|remarques|commentaire|commentaires|observation|observations|note publique|note privee|\
         notes internes|note interne|informations complementaires|divers|annotation|annotations",
    ),
    (Is(Groups), "categorie|groupe|groupes|etiquette|etiquettes|mots cles|tags categories"),
    (Is(GoogleGroups), "libelles|libelle"),
    (
        Is(Assistant),
        "assistante|assistant e|de l assistant|de l assistante|de l assistant e|assistant ou assistante",
    ),
    (Is(Manager), "responsable|du responsable|nom du responsable hierarchique"),
    (Is(Relation("spouse")), "conjoint|conjointe|conjoint e|epoux|epouse"),
    (Is(Relation("child")), "enfants|enfant"),
    (Is(Photo), "photographie"),
    (Is(Private), "prive"),
    (Is(Type), "type de|type d"),
    (Is(Priority), "priorite"),
    (Is(Sensitivity), "critere de diffusion"),
    (
        At(Place::Work),
        "bureau|travail|professionnel|professionnelle|professionnels|entreprise bureau|au travail|boulot|pro",
    ),
    (
        At(Place::Home),
        "domicile|personnel|personnelle|perso|prive|privee|maison|a la maison|du domicile|au domicile|residence",
    ),
    (At(Place::Other), "autre|autres"),
    (
        Filler,
        "de|du|des|d|la|le|les|l|n|numero|principal|principale|secondaire|premier|premiere|deuxieme|client|et|ou|\
         obligatoire|facultatif|facultative|optionnel|requis",
    ),
    (Is(Client), "client"),
    (
        Is(OfficeNumber),
        "numero de tva|n tva|no tva|tva|tva intracom|tva intracommunautaire|n tva intracommunautaire|numero de tva intracommunautaire|siret|siren|n siret|n siren|numero siret|ape|naf|code ape|code naf|rcs|n client|no client|num client|numero client|code client|reference client|ref client|numero de client|id client|id contact|id tiers|matricule|n adherent|numero adherent|numero d adherent|numero de securite sociale|n securite sociale|n ss|nir|reference|code|n dossier",
    ),
    (Is(Month), "mois"),
    (Is(Day), "jour"),
    (Is(Mobile), "port|tel port|n port"),
    (Is(Phone), "teleph|tph|tel fix|tlph"),
    (Is(Company), "ste|ets|soc|nom ste|rais soc|raison soc"),
    (Is(Address), "adr|adresse complete|adr complete|adr postale|adresse 1"),
    (Is(Notes), "rque|rques|rmq|rem|remarq|obs|observ|comment|commentaires notes|info|infos|informations"),
    (Is(Prefix), "civ|titre civ"),
    (Is(Given), "pren|prnom"),
    (Is(JobTitle), "fct|fonct|libelle poste|libelle du poste"),
    (Is(Birthday), "naiss|date naiss|date de naiss|dt naissance|dt naiss|d naissance|anniv|ne ou nee le|ddn"),
    (Is(Groups), "cat|categ"),
    (At(Place::Work), "bur|profess|prof"),
    (At(Place::Home), "dom|personel"),
];

const GERMAN: &[(Sense, &str)] = &[
    (Is(Prefix), "anrede|akademischer titel|namensprafix"),
    (Is(Title), "titel"),
    (Is(Given), "vorname|vornamen|rufname"),
    (Is(Middle), "weitere vornamen|zweiter vorname|2 vorname|weiterer vorname"),
    (Is(Surname), "nachname|familienname|zuname"),
    (Is(Suffix), "namenszusatz|namenssuffix"),
    (
        Is(Full),
        "vollstandiger name|voller name|anzeigename|anzeige name|angezeigter name|name vorname|vorname name|\
         nachname vorname|vorname nachname|name und vorname|vor und nachname|speichern unter",
    ),
    (Is(Name), "kontakt|ansprechpartner|kontaktperson|kontaktname"),
    (Is(Nickname), "spitzname|kurzname"),
    (
        Is(Company),
        "firma|firmenname|firmen name|unternehmen|unternehmensname|organisation|betrieb|arbeitgeber|verein|institution|\
         zugehoriges unternehmen|verbundenes unternehmen|ubergeordnetes unternehmen|zugehorige firma|muttergesellschaft|\
         geschaftspartner|partnername|name des partners|name des geschaftspartners",
    ),
    (Is(Department), "abteilung|ressort"),
    (
        Is(JobTitle),
        "position|funktion|stellung|berufsbezeichnung|stellenbezeichnung|arbeitstitel|jobtitel|job titel|tatigkeit|\
         berufsposition|arbeitsstelle|stelle|position funktion|funktion position",
    ),
    (Is(Profession), "beruf"),
    (Is(Email), "e mail adresse|email adresse|mailadresse|mail adresse|emailadresse|elektronische post"),
    (
        Is(Phone),
        "telefon|telefonnummer|tel nr|rufnummer|festnetz|festnetznummer|telefon festnetz|fon|telefon nr|durchwahl|\
         telefon nummer|telefonnr",
    ),
    (
        Is(Mobile),
        "mobil|mobiltelefon|mobilnummer|handy|handynummer|mobilfunk|mobil tel nr|mobil tel|handy nr|mobil nr|\
         mobilfunknummer|mobiltelefonnummer|natel",
    ),
    (Is(Fax), "faxnummer|fax nr|fax nummer|telefax|telefaxnummer"),
    (Is(Pager), "pager nr|pagernummer|pager nummer|funkruf"),
    (Is(PhoneAs("main")), "telefon firma|zentrale|telefonzentrale"),
    (Is(PhoneAs("")), "haupttelefon"),
    (Is(PhoneAs("car")), "autotelefon"),
    (Is(PhoneAs("callback")), "ruckmeldung|ruckruf"),
    (Is(PhoneAs("radio")), "funktelefon"),
    (Is(PhoneAs("tty")), "telefon fur horbehinderte|telefon fur horgeschadigte|texttelefon"),
    (Is(Address), "adresse|anschrift|postanschrift"),
    (Is(Street), "strasse|str|strasse und hausnummer|strasse hausnummer|strasse nr|strasse u hausnummer"),
    (Is(HouseNumber), "hausnummer|haus nr|hausnr"),
    (Is(Extended), "adresszusatz|adress zusatz|zusatz|anschriftenzusatz"),
    (Is(City), "ort|stadt|wohnort|gemeinde|ortschaft"),
    (Is(Region), "bundesland|kanton|bundesland kanton|land kanton|bundesstaat"),
    (Is(Postcode), "plz|postleitzahl"),
    (Is(Country), "land|staat|land region|landercode|landercode iso|landerkennung"),
    (Is(PoBox), "postfach"),
    (Is(Web), "webseite|internetseite|homepage|webadresse|internetadresse|internet adresse|web seite"),
    (Is(Birthday), "geburtstag|geburtsdatum|geb datum|geb dat|geboren am|geboren"),
    (Is(BirthYear), "geburtsjahr"),
    (Is(BirthMonth), "geburtsmonat"),
    (Is(Anniversary), "jahrestag|hochzeitstag"),
    (
        Is(Notes),
        "notiz|notizen|bemerkung|bemerkungen|anmerkung|anmerkungen|kommentar|kommentare|hinweis|hinweise",
    ),
    (Is(Groups), "kategorie|kategorien|gruppe|gruppen|stichworter|schlagworter"),
    (Is(Assistant), "assistent|assistentin|name assistent|assistent in|des der assistenten in"),
    (Is(Manager), "vorgesetzter|vorgesetzte|des der vorgesetzten|name des der vorgesetzten|manager name"),
    (Is(Relation("spouse")), "ehepartner|ehepartner in|partner|partner in|lebenspartner|ehegatte"),
    (Is(Relation("child")), "kinder|kind"),
    (Is(Photo), "foto"),
    (Is(Private), "privat"),
    (Is(Type), "typ|art"),
    (Is(Priority), "prioritat"),
    (Is(Sensitivity), "vertraulichkeit"),
    (
        At(Place::Work),
        "geschaftlich|geschaft|dienstlich|dienst|arbeit|beruflich|buro|geschaftl|gesch|dienstl|firma buro",
    ),
    (At(Place::Home), "privat|zuhause|zu hause|priv|wohnung"),
    (
        At(Place::Other),
        "weitere|weiterer|weiteres|weiteres e|weitere r|weitere s|andere|anderes|sonstige|sonstiges",
    ),
    (
        Filler,
        "nummer|nr|der|die|das|des|und|u|haupt|primare|primar|sekundare|sekundar|erste|zweite|ansprechpartner|kontakt|\
         pflichtfeld|optional|erforderlich",
    ),
    (Is(Client), "kunde|kundin"),
    (
        Is(OfficeNumber),
        "kundennummer|kunden nr|kundennr|kunde nr|kd nr|kdnr|ust id|ust id nr|ust idnr|ustid|ustidnr|umsatzsteuer id|steuernummer|steuer nr|steuernr|mitgliedsnummer|mitglieds nr|personalnummer|personal nr|debitor|debitorennummer|kreditor|handelsregister|hrb",
    ),
    (Is(Month), "monat"),
    (Is(Day), "tag"),
    (Is(Birthday), "geb|geb am|geb tag|geburtsdat"),
    (Is(Notes), "bem|bemerk|anm|info|sonstige hinweise"),
    (Is(Company), "fa|fa name"),
    (Is(Department), "abt"),
    (Is(Given), "vorn|vname"),
    (Is(Surname), "nachn|nname|name nachname"),
    (Is(Name), "ansprechp"),
    (Is(Mobile), "mobilfon|mob nr|mobiltel|mob tel"),
    (At(Place::Other), "weiteres r|weiterer s|weitere s r"),
    (Filler, "kunde|kunden"),
];

const SPANISH: &[(Sense, &str)] = &[
    (Is(Prefix), "tratamiento|trato|prefijo|saludo"),
    (Is(Title), "titulo"),
    (Is(Given), "nombre de pila|primer nombre|nombres"),
    (Is(Middle), "segundo nombre|otros nombres"),
    (Is(Surname), "apellido|apellidos|primer apellido|segundo apellido"),
    (Is(Suffix), "sufijo"),
    (Is(Name), "nombre|contacto|persona de contacto|nombre del contacto|nombre de contacto"),
    (
        Is(Full),
        "nombre completo|nombre para mostrar|nombre y apellidos|nombre y apellido|apellidos y nombre|\
         apellidos nombre|nombre apellidos|nombre mostrado|nombre de pantalla",
    ),
    (Is(Nickname), "apodo|alias|mote|sobrenombre"),
    (
        Is(Company),
        "empresa|compania|organizacion|razon social|nombre de la empresa|sociedad|nombre de la compania|entidad|\
         nombre empresa|empresa relacionada|compania relacionada|empresa matriz|compania matriz|empresa padre|tercero|\
         nombre del tercero|nombre tercero",
    ),
    (Is(Department), "departamento|seccion"),
    (
        Is(JobTitle),
        "puesto|cargo|puesto de trabajo|funcion|posicion|titulo del trabajo|puesto funcion|cargo funcion|puesto laboral",
    ),
    (Is(Profession), "profesion|ocupacion"),
    (
        Is(Email),
        "correo|correo electronico|direccion de correo electronico|direccion de correo|direccion correo electronico|\
         correo e|direccion de e mail|direccion de email|correos electronicos",
    ),
    (
        Is(Phone),
        "telefono|telefonos|telefono fijo|fijo|numero de telefono|n de telefono|numero telefono|tfno|telf|tlf|tfno fijo",
    ),
    (
        Is(Mobile),
        "movil|telefono movil|celular|telefono celular|numero de movil|numero movil|movil celular|numero de celular",
    ),
    (Is(Fax), "numero de fax"),
    (Is(Pager), "localizador|buscapersonas|busca|numero de busca|numero de buscapersonas"),
    (
        Is(PhoneAs("main")),
        "centralita|numero de centralita de la organizacion|telefono principal de la organizacion|\
         telefono principal de la compania|telefono de la empresa",
    ),
    (Is(PhoneAs("")), "telefono principal"),
    (Is(PhoneAs("car")), "telefono del automovil|telefono del coche|telefono automovil"),
    (Is(PhoneAs("callback")), "devolucion de llamada"),
    (Is(PhoneAs("radio")), "radio telefono|radiotelefono"),
    (Is(PhoneAs("tty")), "telefono tty tdd|numero de tty tdd"),
    (Is(PhoneAs("isdn")), "rdsi"),
    (Is(Address), "direccion|direccion postal|domicilio"),
    (Is(Street), "calle|via publica|calle y numero"),
    (Is(HouseNumber), "numero de calle|numero de portal"),
    (Is(Extended), "complemento de direccion|direccion complementaria|piso"),
    (Is(City), "ciudad|localidad|poblacion|municipio"),
    (
        Is(Region),
        "provincia|estado|provincia o estado|estado o provincia|estado provincia|comunidad autonoma",
    ),
    (Is(Postcode), "codigo postal|c postal|cod postal|codigopostal"),
    (Is(Country), "pais|pais region|pais o region|codigo de pais|codigo pais"),
    (Is(PoBox), "apartado postal|apartado de correos|apartado|apdo"),
    (
        Is(Web),
        "pagina web|sitio web|pagina personal|web personal|pagina web personal|enlace de la pagina web",
    ),
    (Is(Birthday), "cumpleanos|fecha de nacimiento|nacimiento|fecha nacimiento|nacido el"),
    (Is(BirthYear), "ano de nacimiento|ano nacimiento"),
    (Is(BirthMonth), "mes de nacimiento|mes nacimiento"),
    (Is(BirthDay), "dia de nacimiento|dia nacimiento"),
    (Is(Anniversary), "aniversario|aniversario de boda|fecha de boda"),
    (Is(Notes), "nota|notas|observaciones|comentario|comentarios|anotaciones"),
    (Is(Groups), "categoria|categorias|grupo|grupos|etiqueta|etiquetas"),
    (Is(Assistant), "ayudante|del ayudante|asistente|del asistente|nombre del ayudante"),
    (Is(Manager), "director|nombre del director|del jefe|nombre del jefe|nombre del administrador"),
    (Is(Relation("spouse")), "conyuge"),
    (Is(Relation("child")), "hijos|hijo|hija"),
    (Is(Photo), "foto"),
    (Is(Private), "privado"),
    (Is(Type), "tipo|tipo de"),
    (Is(Priority), "prioridad"),
    (Is(Sensitivity), "confidencialidad"),
    (At(Place::Work), "trabajo|del trabajo|de trabajo|laboral|oficina|profesional|negocios|empresarial"),
    (
        At(Place::Home),
        "casa|de casa|particular|residencia|de residencia|personal|privado|privada|domicilio particular",
    ),
    (At(Place::Other), "otro|otra|otros|otras"),
    (
        Filler,
        "de|del|la|el|los|n|numero|num|principal|secundario|secundaria|primario|primaria|y|o|contacto|obligatorio|opcional",
    ),
    (Is(Client), "cliente"),
    (
        Is(OfficeNumber),
        "nif|cif|nif cif|cif nif|dni|nie|n cliente|numero de cliente|cod cliente|codigo cliente|codigo de cliente|n socio|numero de socio|referencia|codigo|id cliente",
    ),
    (Is(Month), "mes"),
    (Is(Day), "dia"),
    (Is(Notes), "obs|observ|coment"),
    (Is(Address), "direccion completa|domic"),
    (Is(City), "pobl|poblac|ciud"),
    (Is(Mobile), "mov|tel movil|tlf movil|tfno movil|telf movil"),
    (Is(Birthday), "f nacimiento|fecha nac|f nac|fec nac|fecha de nac"),
    (Is(Surname), "apell|apdos"),
    (Is(Phone), "particular|tel fijo|tlf fijo|telef|num tel"),
    (Is(Company), "rz social"),
    (Filler, "cliente"),
];

const ITALIAN: &[(Sense, &str)] = &[
    (Is(Prefix), "prefisso|appellativo|trattamento"),
    (Is(Title), "titolo"),
    (Is(Given), "primo nome|nome di battesimo"),
    (Is(Middle), "secondo nome|altri nomi"),
    (Is(Surname), "cognome"),
    (Is(Suffix), "suffisso|titolo straniero"),
    (Is(Name), "nome|nominativo|contatto|referente|persona di contatto|nome contatto"),
    (
        Is(Full),
        "nome completo|nome visualizzato|nome e cognome|cognome e nome|cognome nome|nome cognome|nome da visualizzare",
    ),
    (Is(Nickname), "soprannome|nomignolo"),
    (
        Is(Company),
        "societa|azienda|ditta|ragione sociale|organizzazione|impresa|nome azienda|nome societa|nome dell azienda|ente|\
         azienda collegata|azienda correlata|azienda padre|azienda madre|societa collegata|societa correlata|soggetto terzo|\
         nome soggetto terzo|terza parte",
    ),
    (Is(Department), "reparto|dipartimento|ufficio reparto"),
    (
        Is(JobTitle),
        "posizione|posizione professionale|qualifica|mansione|ruolo|incarico|posizione lavorativa|funzione|\
         posizione funzione|posizione di lavoro",
    ),
    (Is(Profession), "professione"),
    (
        Is(Email),
        "posta elettronica|indirizzo e mail|indirizzo email|indirizzo posta elettronica|indirizzo di posta elettronica|\
         indirizzo mail|posta|pec",
    ),
    (
        Is(Phone),
        "telefono|telefono fisso|fisso|numero di telefono|numero telefono|n telefono|recapito telefonico|ufficio|\
         abitazione",
    ),
    (Is(Mobile), "cellulare|telefono cellulare|numero di cellulare|cell|telefonino|telefono mobile"),
    (Is(Fax), "numero di fax"),
    (Is(Pager), "cercapersone|numero cercapersone"),
    (Is(PhoneAs("main")), "centralino|telefono principale societa|numero principale societa"),
    (Is(PhoneAs("")), "telefono principale"),
    (Is(PhoneAs("car")), "telefono auto|auto"),
    (Is(PhoneAs("callback")), "richiamata|richiamata automatica"),
    (Is(PhoneAs("radio")), "radiotelefono"),
    (Is(PhoneAs("tty")), "telefono tty tdd"),
    (Is(Address), "indirizzo|indirizzo postale"),
    (Is(Street), "via|strada|via e numero|via piazza|via e numero civico"),
    (Is(HouseNumber), "numero civico|civico"),
    (Is(Extended), "indirizzo aggiuntivo|complemento indirizzo"),
    (Is(City), "citta|localita|comune"),
    (Is(Region), "provincia|regione|prov|stato provincia"),
    (Is(Postcode), "cap|codice postale|c a p|codice avviamento postale"),
    (Is(Country), "paese|nazione|paese area geografica|paese regione|codice paese|paese zona"),
    (Is(PoBox), "casella postale|c p"),
    (Is(Web), "sito|sito web|pagina web|sito internet|pagina personale|pagina web personale"),
    (Is(Birthday), "compleanno|data di nascita|data nascita|nascita|nato il|nata il|nato a il"),
    (Is(BirthYear), "anno di nascita"),
    (Is(BirthMonth), "mese di nascita"),
    (Is(BirthDay), "giorno di nascita"),
    (Is(Anniversary), "anniversario|anniversario di matrimonio"),
    (Is(Notes), "nota|annotazione|annotazioni|osservazioni|commento|commenti"),
    (Is(Groups), "categoria|gruppo|gruppi|etichetta|etichette"),
    (Is(Assistant), "assistente|nome assistente"),
    (Is(Manager), "nome manager|responsabile|nome responsabile"),
    (Is(Relation("spouse")), "coniuge|nome coniuge|nome coniuge partner"),
    (Is(Relation("child")), "figli|figlio|figlia"),
    (Is(Photo), "foto"),
    (Is(Private), "privato"),
    (Is(Type), "tipo|tipo di"),
    (Is(Priority), "priorita"),
    (Is(Sensitivity), "riservatezza"),
    (At(Place::Work), "lavoro|uff|ufficio|lavorativo|aziendale|professionale|di lavoro"),
    (At(Place::Home), "casa|ab|abitazione|personale|privato|domicilio|residenza|abit"),
    (At(Place::Other), "altro|altra|altri"),
    (
        Filler,
        "di|del|della|dell|il|lo|la|n|numero|principale|primario|primaria|secondario|secondaria|e|obbligatorio|facoltativo",
    ),
    (Is(Client), "cliente"),
    (
        Is(OfficeNumber),
        "p iva|piva|partita iva|c f|cf|codice fiscale|cod fiscale|cod fisc|codice cliente|cod cliente|n cliente|codice univoco|sdi|codice sdi|codice|matricola|n tessera",
    ),
    (Is(Month), "mese"),
    (Is(Day), "giorno"),
    (Is(Company), "rag soc|rag sociale|ragione soc"),
    (Is(Address), "ind|indir|indirizzo completo"),
    (Is(Surname), "cogn"),
    (Is(Birthday), "data nasc|d nascita|nasc"),
    (Is(Notes), "osserv|annot|oss"),
    (Is(Phone), "telef|tel fisso|tel casa"),
    (Is(Mobile), "cel|tel cell|num cell"),
    (Filler, "cliente"),
];

/// What every phrase can mean, and whether it is English: one spelling may be a place and a thing.
type Phrases = HashMap<&'static str, Vec<(Sense, bool)>>;

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let mut phrases: Phrases = HashMap::new();
    for (language, english) in
        [(ENGLISH, true), (FRENCH, false), (GERMAN, false), (SPANISH, false), (ITALIAN, false)]
    {
        for (sense, words) in language {
            for phrase in words.split('|') {
                phrases.entry(phrase).or_default().push((*sense, english));
            }
        }
    }
    phrases
});

/// How many words the longest phrase has.
const LONGEST: usize = 6;

/// Returns the words of a heading: without accents, in small letters, apart at `zipCode` and `street2`.
pub(super) fn words(heading: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before: Option<char> = None;
    let chars: Vec<char> = heading.chars().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).collect();
    for (n, c) in chars.iter().copied().enumerate() {
        let next_is_small = chars.get(n + 1).is_some_and(|next| next.is_lowercase());
        let apart = match before {
            Some(last) if last.is_ascii_digit() != c.is_ascii_digit() => true,
            Some(last) if c.is_uppercase() => last.is_lowercase() || (last.is_uppercase() && next_is_small),
            _ => false,
        };
        if apart || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            c.to_lowercase().for_each(|c| plain(c, word));
        }
        before = Some(c);
    }
    words.retain(|word| !word.is_empty());
    words
}

fn plain(c: char, word: &mut String) {
    let letter = match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        'ÿ' => 'y',
        'º' | '°' => return,
        'œ' => return word.push_str("oe"),
        'æ' => return word.push_str("ae"),
        'ß' => return word.push_str("ss"),
        c => c,
    };
    word.push(letter);
}

/// Returns a heading without the field of a database behind it, which the templates of Dolibarr have: `Nom* (s.nom)`.
fn without_field(heading: &str) -> &str {
    let apart = heading.trim_end().strip_suffix(')').and_then(|heading| heading.rsplit_once('('));
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match apart {
        Some((name, field)) if field.split_once('.').is_some_and(|(a, b)| is_part(a) && is_part(b)) => name,
        _ => heading,
    }
}

/// Tells what a heading says; `None` where a word of it is not known, or they name several things.
pub(super) fn meaning(heading: &str) -> Option<Heading> {
    let words = words(without_field(heading));
    if words.is_empty() || words.len() > 12 {
        return None;
    }
    let (mut senses, mut number, mut day_first) = (Vec::new(), None, false);
    let mut rest = words.as_slice();
    while let Some(first) = rest.first() {
        if let Some((found, taken)) = longest(rest) {
            day_first |= !found.iter().any(|(_, english)| *english);
            senses.push(found);
            rest = rest.get(taken..).unwrap_or_default();
        } else {
            let digits = first.parse().ok().filter(|count| *count < 100)?;
            number = Some(digits);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    let (kind, place) = together(&senses).or_else(|| number_at(heading, &senses))?;
    let kind = if kind == Given && number == Some(2) { Middle } else { kind };
    Some(Heading { kind, place, number, day_first })
}

/// "Work #", "Home no.": a number, and where it rings.
fn number_at(heading: &str, senses: &[&[(Sense, bool)]]) -> Option<(Kind, Option<Place>)> {
    let place_of = |senses: &&[(Sense, bool)]| {
        senses.iter().find_map(|(sense, _)| if let At(place) = sense { Some(*place) } else { None })
    };
    let is_filler = |senses: &&[(Sense, bool)]| senses.iter().any(|(sense, _)| matches!(sense, Filler));
    let is_number = heading.contains(['#', '№', 'º', '°'])
        || words(heading)
            .iter()
            .any(|word| matches!(word.as_str(), "number" | "no" | "nr" | "num" | "numero"));
    let place = senses.iter().find_map(place_of);
    let all = senses.iter().all(|senses| place_of(senses).is_some() || is_filler(senses));
    (is_number && all && place.is_some()).then_some((Phone, place))
}

fn longest(words: &[String]) -> Option<(&'static [(Sense, bool)], usize)> {
    (1..=words.len().min(LONGEST)).rev().find_map(|count| {
        let phrase = words.get(..count)?.join(" ");
        PHRASES.get(phrase.as_str()).map(|found| (found.as_slice(), count))
    })
}

/// Puts the words of a heading together: one thing, and where it belongs.
fn together(senses: &[&[(Sense, bool)]]) -> Option<(Kind, Option<Place>)> {
    let kinds_of = |senses: &[(Sense, bool)]| -> Vec<Kind> {
        senses.iter().filter_map(|(sense, _)| if let Is(kind) = sense { Some(*kind) } else { None }).collect()
    };
    let place_of = |senses: &[(Sense, bool)]| {
        senses.iter().find_map(|(sense, _)| if let At(place) = sense { Some(*place) } else { None })
    };
    let filler = |senses: &[(Sense, bool)]| senses.iter().any(|(sense, _)| matches!(sense, Filler));
    // What can be a place or a filler is one, as long as another word is the thing.
    let is_sure = senses.iter().any(|senses| place_of(senses).is_none() && !filler(senses));
    let (mut kinds, mut place) = (Vec::new(), None);
    for senses in senses {
        match place_of(senses) {
            Some(found) if is_sure => place = place.or(Some(found)),
            None if filler(senses) && is_sure => {}
            found => match kinds_of(senses).first() {
                Some(kind) => {
                    kinds.push(*kind);
                    // "Ufficio" alone is the number there.
                    place = place.or(found.filter(|_| *kind == Phone));
                }
                None if found.is_some() => place = place.or(found),
                None if filler(senses) => {}
                None => return None,
            },
        }
    }
    kinds.dedup();
    let (kind, at_company) = one_of(kinds)?;
    Some((kind, place.or(at_company.then_some(Place::Work))))
}

/// What says less beside what says more.
const WEAKER: &[(Kind, &[Kind])] = &[
    (
        Address,
        &[Street, City, Region, Postcode, Country, PoBox, Extended, HouseNumber, Email, Web, Departement],
    ),
    (Phone, &[Mobile, Fax, Pager, Assistant]),
    (
        Name,
        &[
            Company,
            Nickname,
            Surname,
            Email,
            Assistant,
            Manager,
            Prefix,
            Suffix,
            Relation("spouse"),
            Relation("child"),
        ],
    ),
    (Full, &[Email]),
    (Region, &[Country]),
    (Departement, &[Region]),
    (Street, &[HouseNumber]),
    (Title, &[Prefix, JobTitle]),
    (Profession, &[JobTitle]),
    (Web, &[Email]),
];

/// Returns what several things come to; and whether it is the company's.
fn one_of(mut kinds: Vec<Kind>) -> Option<(Kind, bool)> {
    let has = |kinds: &[Kind], kind: Kind| kinds.contains(&kind);
    if has(&kinds, Email)
        && kinds.iter().all(|kind| matches!(kind, Email | Type | Name | Full))
        && kinds.len() > 1
    {
        return Some((Shown, false));
    }
    if has(&kinds, Phone) && has(&kinds, Assistant) {
        return Some((PhoneAs("assistant"), false));
    }
    if matches!(kinds.as_slice(), [Given, Surname] | [Surname, Given] | [Name, Given] | [Given, Name])
        || matches!(kinds.as_slice(), [Surname, Name] | [Name, Middle])
    {
        return Some((Full, false));
    }
    let is_of_city = |kind: &Kind| matches!(kind, Postcode | City | Region);
    if has(&kinds, Postcode) && has(&kinds, City) && kinds.iter().all(is_of_city) {
        return Some((Kind::PostcodeCity, false));
    }
    for (weak, strong) in WEAKER {
        if kinds.iter().any(|kind| strong.contains(kind)) {
            kinds.retain(|kind| kind != weak);
        }
    }
    let at_company = kinds.len() > 1 && has(&kinds, Company);
    if at_company {
        kinds.retain(|kind| *kind != Company);
    }
    match kinds.as_slice() {
        [Phone] if at_company => Some((PhoneAs("main"), false)),
        [kind] => Some((*kind, at_company)),
        _ => None,
    }
}
