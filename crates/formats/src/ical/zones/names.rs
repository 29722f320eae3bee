//! What a name says of a zone: IANA's names in any spelling, those of Windows in many languages, offsets.

use std::{collections::HashMap, sync::LazyLock};

use calcard::common::timezone::Tz as AnyZone;
use chrono::{NaiveDate, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::places::{
    ABBREVIATIONS, ARTICLES, COMMON, NO_PLACES, NORTH_AMERICA, NORTH_AMERICAN, PLACES, TIME_AFTER,
    TIME_BEFORE, TIME_KINDS, UNIVERSAL,
};

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// One zone, whatever a description says.
    Sure(Tz),
    /// The same, where the description of the event's years says otherwise.
    Contradicted(Tz),
    /// Probably this zone; a description is heard first.
    Unsure(Tz),
    /// An abbreviation: the offset in seconds that it stands for, and the zone that most probably has it. Different zones
    /// share it, so that a description is heard first and what is taken without one is told.
    Abbreviation(Tz, i32),
    /// An offset in seconds and no place.
    Offset(i32),
    /// Nothing that is known.
    Unknown,
}

impl Named {
    pub(super) fn zone(self) -> Option<Tz> {
        match self {
            Named::Sure(zone)
            | Named::Contradicted(zone)
            | Named::Unsure(zone)
            | Named::Abbreviation(zone, _) => Some(zone),
            Named::Offset(_) | Named::Unknown => None,
        }
    }
}

/// Reads the name of a zone; `year` tells which offsets cities had.
pub(super) fn named(text: &str, year: i32) -> Named {
    let text = plain(text);
    let first = without_copy_number(&text);
    match read(&text, year) {
        Named::Unknown if first != text => read(first, year),
        found => found,
    }
}

/// Takes quotes, escapes and double blanks away.
pub(super) fn plain(text: &str) -> String {
    let text =
        text.trim().trim_matches(['"', '\'']).replace("\\,", ",").replace("\\;", ";").replace("\\/", "/");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace(", ", ",").replace(',', ", ").trim().to_owned()
}

/// Outlook numbers the copies of a zone: "W. Europe Standard Time 1".
fn without_copy_number(text: &str) -> &str {
    let short = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = short.strip_suffix([' ', '-', '_']).unwrap_or(text);
    if name.len() > 5 && text.len() - name.len() <= 3 { name } else { text }
}

/// Tells whether a text is the name of a zone of IANA, which means that zone whatever a file says of its clock.
pub(super) fn is_iana(text: &str) -> bool {
    let name = text.split_once(" (").map_or(text, |(name, _)| name);
    iana(text).is_some() || below_a_path(text).is_some() || (text.contains('/') && iana(name).is_some())
}

fn read(text: &str, year: i32) -> Named {
    if let Some((zone, offset)) = abbreviation(text) {
        return Named::Abbreviation(zone, offset);
    }
    if let Some(zone) = iana(text) {
        return if is_plain_word(text) { Named::Unsure(zone) } else { Named::Sure(zone) };
    }
    if let Some(zone) = below_a_path(text) {
        return Named::Sure(zone);
    }
    let text = if text.starts_with('/') || text.contains("://") {
        text.rsplit('/').next().unwrap_or(text).trim()
    } else {
        text
    };
    // `Europe/Paris (CET)`
    if let Some(zone) = text.split_once(" (").and_then(|(name, _)| iana(name)).filter(|_| text.contains('/'))
    {
        return Named::Sure(zone);
    }
    let (offset, rest) = offset_of(text);
    if let Some(zone) =
        offset.filter(|_| second_offset(rest).is_some()).and_then(|first| two_offsets(first, rest, year))
    {
        return Named::Unsure(zone);
    }
    if offset.is_none()
        && let Some(zone) = of_windows(text)
    {
        return if is_plain_word(text) { Named::Unsure(zone) } else { Named::Sure(zone) };
    }
    match (offset, says_nothing(rest)) {
        (Some(offset), true) => Named::Offset(offset),
        (Some(_), false) if second_offset(rest).is_some() => Named::Unknown,
        _ => match by_place(rest, offset, year) {
            Some(zone) if is_plain_word(text) => Named::Unsure(zone),
            Some(zone) => Named::Sure(zone),
            None => of_windows(rest)
                .and_then(|zone| fitting(&[zone], offset, year))
                .map_or(Named::Unknown, Named::Sure),
        },
    }
}

/// Tells whether a name is an abbreviation or an offset, which different zones share.
fn is_plain_word(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with("etc/") || (text.len() <= 7 && !text.contains(['/', ' ']))
}

/// Every zone there is by its name in lower case.
static BY_NAME: LazyLock<HashMap<String, Tz>> =
    LazyLock::new(|| TZ_VARIANTS.iter().map(|zone| (zone.name().to_lowercase(), *zone)).collect());

/// Reads an abbreviation in any case. "Est" is not one: so the French Windows calls the zone of New York.
fn abbreviation(text: &str) -> Option<(Tz, i32)> {
    let lower = text.to_ascii_lowercase();
    let known = |(list, ..): &&(&str, i32, &str)| list.split('|').any(|one| one == lower);
    let (_, minutes, zone) = ABBREVIATIONS.iter().find(known).filter(|_| text != "Est")?;
    Some((iana(zone)?, minutes * 60))
}

/// Names that programs wrote before there was a list of zones.
const OLD_NAMES: [(&str, &str); 6] = [
    // So the French Windows calls it; the abbreviation in capitals is another thing.
    ("est", "america/new_york"),
    ("us-eastern", "america/new_york"),
    ("us-central", "america/chicago"),
    ("us-mountain", "america/denver"),
    ("us-pacific", "america/los_angeles"),
    // Lotus Notes.
    ("western/central_europe", "europe/berlin"),
];

/// Finds a zone of IANA in any case, with blanks or hyphens where they do not belong.
fn iana(text: &str) -> Option<Tz> {
    let name = text.trim().to_lowercase().replace(' ', "_");
    let utc = ["z", "utc", "zulu", "uct", "etc/utc"].contains(&name.as_str());
    let name =
        OLD_NAMES.iter().find(|(old, _)| *old == name).map_or(name, |(_, modern)| (*modern).to_owned());
    let joined = || {
        let single = !name.contains(['/', '+']);
        let parted = || ["-", "_"].into_iter().find_map(|sign| BY_NAME.get(&name.replacen(sign, "/", 1)));
        parted().copied().filter(|_| single)
    };
    if utc { Some(Tz::Etc__UTC) } else { BY_NAME.get(&name).copied().or_else(joined) }
}

/// Finds a zone of IANA behind the path of a program's own registry.
fn below_a_path(text: &str) -> Option<Tz> {
    let (_, mut rest) = text.split_once('/')?;
    loop {
        let utc = ["utc", "gmt", "z"].iter().any(|word| rest.eq_ignore_ascii_case(word));
        match iana(rest).filter(|_| utc || rest.contains('/')) {
            Some(zone) => return Some(zone),
            None => rest = rest.split_once('/')?.1,
        }
    }
}

/// Names of CLDR: those of Windows, and those of places in many languages.
static CLDR: &str = include_str!("cldr.tsv");

/// Returns the lines of one kind: the zone, and its names.
fn cldr(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines =
        CLDR.lines().filter_map(move |line| line.strip_prefix(kind)?.strip_prefix('\t')?.split_once('\t'));
    lines.filter(|(zone, _)| !zone.is_empty())
}

/// The zones of Windows by their names in lower case.
static WINDOWS: LazyLock<HashMap<&str, Tz>> = LazyLock::new(|| {
    let of_cldr = cldr("windows").map(|(zone, name)| (name, zone));
    of_cldr.chain(NEWER).filter_map(|(name, zone)| Some((name, iana(zone)?))).collect()
});

/// Zones of Windows whose clocks have moved, or that have gone, since CLDR's table was made.
const NEWER: [(&str, &str); 9] = [
    ("armenian standard time", "Asia/Yerevan"),
    ("kamchatka standard time", "Asia/Kamchatka"),
    ("mexico standard time", "America/Mexico_City"),
    ("mexico standard time 2", "America/Mazatlan"),
    ("central asia standard time", "Asia/Bishkek"),
    ("mountain standard time (mexico)", "America/Mazatlan"),
    ("south sudan standard time", "Africa/Juba"),
    ("mid-atlantic standard time", "Atlantic/South_Georgia"),
    ("dateline standard time", "Etc/GMT+12"),
];

/// Finds a zone of Windows by its English name, in any case, in its summer form, or as Lotus Notes shortens it ("FLE").
fn of_windows(text: &str) -> Option<Tz> {
    let lower = text.to_lowercase();
    let name =
        ["daylight time", "summer time"].iter().fold(lower, |name, kind| name.replace(kind, "standard time"));
    let short = || Some(format!("{name} standard time")).filter(|_| !name.contains("time"));
    WINDOWS.get(name.as_str()).copied().or_else(|| WINDOWS.get(short()?.as_str()).copied()).or_else(|| {
        // The library knows some that are older still.
        match text.parse() {
            Ok(AnyZone::Tz(zone)) if !zone.name().starts_with("Etc/") || text.ends_with("Standard Time") => {
                Some(zone)
            }
            _ => None,
        }
    })
}

/// Takes the offset from the beginning of a name: `(UTC+01:00) Paris`, `GMT+1`, `UTC-05:30`, `+0100`.
fn offset_of(text: &str) -> (Option<i32>, &str) {
    let open = text.strip_prefix('(');
    let inner = open.unwrap_or(text).trim_start();
    let marked = ["UTC", "GMT"].iter().find_map(|mark| {
        inner.get(..3).filter(|head| head.eq_ignore_ascii_case(mark)).and_then(|_| inner.get(3..))
    });
    let Some((seconds, rest)) = signed(marked.unwrap_or(inner).trim_start()) else {
        return match (marked, open) {
            (Some(rest), Some(_)) if rest.trim_start().starts_with(')') => {
                (Some(0), rest.trim_start_matches([' ', ')']))
            }
            _ => (None, text),
        };
    };
    let rest = if open.is_some() { rest.trim_start().trim_start_matches(')') } else { rest };
    (Some(seconds), rest.trim())
}

/// Reads `+01:00`, `+0100`, `+1`, `-5.30`, and returns what follows.
fn signed(text: &str) -> Option<(i32, &str)> {
    let (sign, text) = match text.chars().next()? {
        '+' => (1, text.get(1..)?),
        '-' => (-1, text.get(1..)?),
        '\u{2212}' => (-1, text.get(3..)?),
        _ => return None,
    };
    let text = text.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i32>().ok();
    let (hours, minutes, used) = match digits {
        1 | 2 => {
            let after =
                text.get(digits + 1..digits + 3).filter(|two| two.bytes().all(|b| b.is_ascii_digit()));
            let parted = text.get(digits..).is_some_and(|rest| rest.starts_with([':', '.', 'h']));
            match after.filter(|_| parted) {
                Some(two) => (number(0, digits)?, two.parse().ok()?, digits + 3),
                None => (number(0, digits)?, 0, digits),
            }
        }
        3 | 4 => (number(0, digits - 2)?, number(digits - 2, digits)?, digits),
        _ => return None,
    };
    (hours <= 15 && minutes < 60).then_some(())?;
    Some((sign * (hours * 3600 + minutes * 60), text.get(used..)?))
}

/// Tells whether what stands beside an offset names no place.
fn says_nothing(rest: &str) -> bool {
    fold(rest).split(' ').all(|word| {
        word.is_empty() || UNIVERSAL.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Finds the summer offset of `GMT +0100 (Standard) / GMT +0200 (Daylight)`, as Exchange writes.
fn second_offset(rest: &str) -> Option<i32> {
    let (_, second) = rest.split_once('/')?;
    offset_of(second.trim()).0
}

fn two_offsets(standard: i32, rest: &str, year: i32) -> Option<Tz> {
    let summer = second_offset(rest)?;
    let (least, most) = (standard.min(summer), standard.max(summer));
    COMMON.iter().filter_map(|name| iana(name)).find(|zone| offsets_in(*zone, year) == (least, most))
}

/// Finds the zone of the places that a name lists.
fn by_place(text: &str, offset: Option<i32>, year: i32) -> Option<Tz> {
    let whole = fold(text);
    if let Some(zone) = north_american(&whole) {
        return Some(zone);
    }
    let placed = |name: &str| fitting(PLACED.get(name)?, offset, year);
    let of_cldr = |name: &str| fitting(PLACED_BY_CLDR.get(name)?, offset, year);
    let bare = without_time(&whole);
    let of_windows =
        || of_windows(bare).filter(|_| bare != whole).and_then(|zone| fitting(&[zone], offset, year));
    if let Some(zone) =
        placed(&whole).or_else(|| placed(bare)).or_else(|| of_cldr(&whole)).or_else(of_windows)
    {
        return Some(zone);
    }
    let parts = text.split([',', ';', '/', ':', '，', '、', '،']).filter(|part| !part.trim().is_empty());
    let parts: Vec<Option<Tz>> = parts.map(|part| place(part, offset, year)).collect();
    let mut known: Vec<Tz> = parts.iter().flatten().copied().collect();
    // Without an offset, a text with a word that is no place may be anything.
    if offset.is_none() && known.len() < parts.len() {
        return None;
    }
    // "Greenwich Mean Time: Dublin, Edinburgh" is where the clocks of those go.
    if known.iter().any(|zone| *zone != Tz::Etc__UTC) {
        known.retain(|zone| *zone != Tz::Etc__UTC);
    }
    let common = |zone: &&Tz| known.len() > 1 && COMMON.contains(&zone.name());
    known.iter().find(common).or(known.first()).copied()
}

/// Takes the words for a time of the day off the name of a zone: "heure normale du Pacifique", "Pazifik Normalzeit".
fn without_time(folded: &str) -> &str {
    let Some(rest) = TIME_BEFORE.iter().find_map(|words| folded.strip_prefix(words)) else {
        return TIME_AFTER.iter().find_map(|words| folded.strip_suffix(words)).unwrap_or(folded).trim();
    };
    let rest = TIME_KINDS.iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest).trim_start();
    ARTICLES.iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest)
}

fn place(part: &str, offset: Option<i32>, year: i32) -> Option<Tz> {
    let outside = part.split('(').next().unwrap_or(part);
    [part, outside].into_iter().map(fold).find_map(|name| {
        let bare = without_time(&name);
        let known = PLACED.get(&name).or_else(|| PLACED.get(bare)).or_else(|| PLACED_BY_CLDR.get(&name));
        fitting(known?, offset, year)
    })
}

/// Picks the zone that has an offset, or is near it.
fn fitting(zones: &[Tz], offset: Option<i32>, year: i32) -> Option<Tz> {
    let Some(offset) = offset else { return zones.first().copied() };
    let has = |zone: &&Tz| {
        [year, 2026, 2015, 2012, 2008].into_iter().any(|year| {
            let (least, most) = offsets_in(**zone, year);
            least == offset || most == offset
        })
    };
    // An offset that was right before a country moved its clocks by an hour; not a place of the same name.
    let near = |zone: &&Tz| {
        let (least, most) = offsets_in(**zone, year);
        (least - offset).abs().min((most - offset).abs()) <= 3600
    };
    zones.iter().find(has).or_else(|| zones.iter().find(near)).copied()
}

/// Returns the least and the greatest offset of a zone in a year.
fn offsets_in(zone: Tz, year: i32) -> (i32, i32) {
    let at = |month| {
        let noon = NaiveDate::from_ymd_opt(year, month, 15).and_then(|day| day.and_hms_opt(12, 0, 0));
        noon.map_or(0, |noon| zone.offset_from_utc_datetime(&noon).fix().local_minus_utc())
    };
    let (winter, summer) = (at(1), at(7));
    (winter.min(summer), winter.max(summer))
}

fn north_american(whole: &str) -> Option<Tz> {
    let padded = format!(" {whole} ");
    let has = |word: &&str| padded.contains(&format!(" {word} "));
    NORTH_AMERICAN.iter().any(has).then_some(())?;
    let mut known = NORTH_AMERICA.iter().filter(|(_, words)| words.split('|').any(|word| has(&word)));
    iana(known.next()?.0)
}

/// Zones by the places that are named after them or lie in them.
static PLACED: LazyLock<HashMap<String, Vec<Tz>>> = LazyLock::new(|| {
    let mut placed: HashMap<String, Vec<Tz>> = HashMap::new();
    let skipped = ["Etc/", "US/", "Canada/", "Mexico/", "Brazil/", "Chile/", "America/North_Dakota/"];
    let skipped = |zone: &&Tz| {
        skipped.iter().any(|head| zone.name().starts_with(head)) || NO_PLACES.contains(&zone.name())
    };
    for zone in TZ_VARIANTS.iter().filter(|zone| !skipped(zone)) {
        if let Some((_, city)) = zone.name().rsplit_once('/') {
            placed.entry(fold(city)).or_default().push(*zone);
        }
    }
    add(&mut placed, PLACES.iter().copied());
    placed
});

/// Zones by what CLDR calls them, which is asked last.
static PLACED_BY_CLDR: LazyLock<HashMap<String, Vec<Tz>>> = LazyLock::new(|| {
    let mut placed = HashMap::new();
    add(&mut placed, cldr("city").chain(cldr("zone")));
    placed
});

fn add(placed: &mut HashMap<String, Vec<Tz>>, places: impl Iterator<Item = (&'static str, &'static str)>) {
    for (name, places) in places {
        let Some(zone) = iana(name) else { continue };
        for place in places.split('|') {
            placed.entry(place.to_owned()).or_default().push(zone);
        }
    }
}

/// Writes a name in small letters without accents and marks, so that spellings do not matter.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        let letter = match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
            'æ' => "ae",
            'ç' | 'ć' | 'č' => "c",
            'è'..='ë' | 'ē' | 'ę' | 'ě' => "e",
            'ì'..='ï' | 'ī' => "i",
            'ñ' | 'ń' => "n",
            'ò'..='ö' | 'ø' | 'ō' => "o",
            'œ' => "oe",
            'ù'..='ü' | 'ū' | 'ů' => "u",
            'ý' | 'ÿ' => "y",
            'ß' => "ss",
            'ł' => "l",
            'š' | 'ś' => "s",
            'ž' | 'ź' | 'ż' => "z",
            '\u{300}'..='\u{36f}' => "",
            c if c.is_alphanumeric() => {
                folded.push(c);
                continue;
            }
            _ => " ",
        };
        folded.push_str(letter);
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> Option<&'static str> {
        named(text, 2026).zone().map(|zone| zone.name())
    }

    #[test]
    fn a_zone_of_iana_is_found_in_any_spelling() {
        for (text, name) in [
            ("Europe/Paris", "Europe/Paris"),
            ("europe/paris", "Europe/Paris"),
            ("EUROPE/PARIS ", "Europe/Paris"),
            ("\"Europe/Paris\"", "Europe/Paris"),
            ("America/New York", "America/New_York"),
            ("US-Eastern", "America/New_York"),
            ("/freeassociation.sourceforge.net/Tzfile/Europe/Ljubljana", "Europe/Ljubljana"),
            ("/freeassociation.sourceforge.net/Europe/Paris", "Europe/Paris"),
            ("/mozilla.org/20050126_1/Europe/Paris", "Europe/Paris"),
            (
                "/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires",
                "America/Argentina/Buenos_Aires",
            ),
            ("http://tzurl.org/zoneinfo/Europe/Paris", "Europe/Paris"),
            ("tzone://Microsoft/Utc", "Etc/UTC"),
            ("tzone://Microsoft/Romance Standard Time", "Europe/Paris"),
            ("Z", "Etc/UTC"),
            ("utc", "Etc/UTC"),
        ] {
            assert_eq!(zone(text), Some(name), "{text}");
        }
        for text in
            ["tzone://Microsoft/Custom", "Customized Time Zone", "Heure de la Lune", "", "/", "Europe/"]
        {
            assert_eq!(named(text, 2026), Named::Unknown, "{text}");
        }
    }

    #[test]
    fn a_zone_of_windows_is_found_in_five_languages() {
        for (text, name) in [
            ("Romance Standard Time", "Europe/Paris"),
            ("romance standard time", "Europe/Paris"),
            ("Romance Daylight Time", "Europe/Paris"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("W. Europe Standard Time 1", "Europe/Berlin"),
            ("GMT (heure standard)", "Europe/London"),
            ("GMT (heure d’été)", "Europe/London"),
            ("GMT Sommerzeit", "Europe/London"),
            ("Hora de verano GMT", "Europe/London"),
            ("ora legale GMT", "Europe/London"),
            ("Paris, Madrid", "Europe/Paris"),
            ("Paris, Madrid (heure d’été)", "Europe/Paris"),
            ("(UTC+01:00) Bruxelles, Copenhague, Madrid, Paris", "Europe/Paris"),
            ("(UTC+01:00) Bruxelles\\, Copenhague\\, Madrid\\, Paris", "Europe/Paris"),
            ("(GMT+01:00) Bruxelles,Copenhague,Madrid,Paris", "Europe/Paris"),
            ("(GMT+01.00) Paris", "Europe/Paris"),
            ("GMT+1 Paris", "Europe/Paris"),
            ("(UTC+01:00) Brüssel, Kopenhagen, Madrid, Paris", "Europe/Paris"),
            ("(UTC+01:00) Bruselas, Copenhague, Madrid, París", "Europe/Paris"),
            ("(UTC+01:00) Bruxelles, Copenaghen, Madrid, Parigi", "Europe/Paris"),
            ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin"),
            ("(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien", "Europe/Berlin"),
            ("(UTC+01:00) Amsterdam, Berlín, Berna, Roma, Estocolmo, Viena", "Europe/Berlin"),
            ("Mitteleuropäische Zeit", "Europe/Berlin"),
            ("ora solare Europa occidentale", "Europe/Berlin"),
            ("(UTC) Dublin, Édimbourg, Lisbonne, Londres", "Europe/London"),
            ("(UTC+00:00) Dublín, Edimburgo, Lisboa, Londres", "Europe/London"),
            ("(UTC-05:00) Est (É.-U. et Canada)", "America/New_York"),
            ("(UTC-05:00) Hora del este (EE.UU. y Canadá)", "America/New_York"),
            ("(UTC-08:00) Fuso costa pacifica (USA e Canada)", "America/Los_Angeles"),
            ("(UTC-07:00) La Paz, Mazatlan", "America/Mazatlan"),
            ("(UTC-04:00) Georgetown, La Paz, Manaus, San Juan", "America/La_Paz"),
            ("(GMT+04:00) Moscou, Saint-Pétersbourg, Volgograd", "Europe/Moscow"),
            ("(UTC+11:00) Îles Salomon, Nouvelle-Calédonie", "Pacific/Guadalcanal"),
            ("GMT +0100 (Standard) / GMT +0200 (Daylight)", "Europe/Paris"),
        ] {
            assert_eq!(zone(text), Some(name), "{text}");
        }
    }

    #[test]
    fn an_offset_alone_is_an_offset_and_one_with_an_unknown_place_is_nothing() {
        for (text, hours) in [
            ("UTC+01", 1.0),
            ("UTC+1", 1.0),
            ("GMT-05:30", -5.5),
            ("(UTC+11:00)", 11.0),
            ("+0530", 5.5),
            ("GMT+0100", 1.0),
            ("(UTC-11:00) Temps universel coordonné-11", -11.0),
            ("(UTC) Temps universel coordonné", 0.0),
            ("(UTC+12:00) Koordinierte Weltzeit+12", 12.0),
        ] {
            assert_eq!(named(text, 2026), Named::Offset((hours * 3600.0) as i32), "{text}");
        }
        for text in
            ["(UTC+01:00) Quelque part", "UTC+99", "(UTC+01:00) Bibracte, Gergovie", "(UTC+02:00) Cuba"]
        {
            assert_eq!(named(text, 2026), Named::Unknown, "{text}");
        }
        assert_eq!(named("CET", 2026).zone().map(|zone| zone.name()), Some("CET"));
        assert!(matches!(named("EST", 2026), Named::Abbreviation(..)));
    }
}
