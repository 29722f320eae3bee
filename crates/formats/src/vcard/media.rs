//! Pictures, sounds and keys that lie in the file, and places: each version of vCard writes them in its own way.

use super::Version;
use crate::content::Line;

/// The media types that vCard 3 has words for, with how the bytes begin in Base64.
const MEDIA: [(&str, &str, &str); 12] = [
    ("JPEG", "image/jpeg", "/9j/"),
    ("JPG", "image/jpeg", "/9j/"),
    ("PNG", "image/png", "iVBORw0KGgo"),
    ("GIF", "image/gif", "R0lGOD"),
    ("BMP", "image/bmp", "Qk"),
    ("TIFF", "image/tiff", "SUkq"),
    ("WEBP", "image/webp", "UklGR"),
    ("WAVE", "audio/wav", "UklGR"),
    ("BASIC", "audio/basic", "LnNuZ"),
    ("MP3", "audio/mpeg", "SUQz"),
    ("PGP", "application/pgp-keys", "LS0tLS1CRUdJTiBQR1Ag"),
    ("X509", "application/pkix-cert", "MII"),
];

/// Writes a line that holds bytes, or a place, as the version asks; any other line stays as it is.
pub(crate) fn fitted(line: Line, version: Version) -> Line {
    if line.name == "GEO" {
        return place(line, version);
    }
    if !matches!(line.name.as_str(), "PHOTO" | "LOGO" | "SOUND" | "KEY") {
        return line;
    }
    let line = if is_data(&line.value) { as_said_inside(without_escape(line)) } else { line };
    let coded = line.param_list("ENCODING").iter().any(|coding| matches!(coding.as_str(), "b" | "base64"));
    match version {
        Version::V4 if coded => as_uri(line),
        Version::V3 if !coded => as_bytes(line),
        Version::V3 => as_coded(line),
        _ => line,
    }
}

/// `37.38;-122.08` of vCard 3 is `geo:37.38,-122.08` in vCard 4.
fn place(mut line: Line, version: Version) -> Line {
    let value = line.value.trim();
    let uri = value.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("geo:"));
    let (from, to) = if uri { (',', ';') } else { (';', ',') };
    let plain = value.get(if uri { 4 } else { 0 }..).unwrap_or_default().replace("\\,", ",");
    let numbers: Vec<&str> = plain.split(from).map(str::trim).collect();
    let is_place = numbers.len() == 2 && numbers.iter().all(|number| number.parse::<f64>().is_ok());
    if is_place && uri == (version == Version::V3) {
        let scheme = if uri { "" } else { "geo:" };
        line.value = format!("{scheme}{}", numbers.join(&to.to_string()));
        line.params.retain(|(name, _)| name != "VALUE");
    }
    line
}

/// `data:image/png;base64\,…`: some programs escape the comma of an address, which is part of it.
fn without_escape(mut line: Line) -> Line {
    line.value = line.value.replacen(";base64\\,", ";base64,", 1);
    line
}

fn is_data(value: &str) -> bool {
    value.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// `KEY;X509;BASE64: …` of vCard 2.1 as `KEY;TYPE=X509;ENCODING=b:…`.
fn as_coded(mut line: Line) -> Line {
    line.value.retain(|c| !c.is_whitespace());
    for (_, values) in line.params.iter_mut().filter(|(name, _)| name == "ENCODING") {
        *values = vec!["b".to_owned()];
    }
    line
}

/// Leaves out what a line says a second time of bytes that stand in an address: `ENCODING=b;TYPE=PNG:data:image/png;…`. What
/// the address does not say is put into it.
fn as_said_inside(mut line: Line) -> Line {
    let types = line.param_values("TYPE");
    if let Some(media) = types.iter().find_map(|word| media_of(word))
        && line.value.get(5..).is_some_and(|rest| rest.starts_with([';', ',']))
    {
        line.value.insert_str(5, &media);
    }
    line.params.retain(|(name, _)| name != "ENCODING");
    for (_, values) in line.params.iter_mut().filter(|(name, _)| name == "TYPE") {
        values.retain(|value| media_of(value).is_none());
    }
    line.params.retain(|(_, values)| !values.is_empty());
    line
}

/// `ENCODING=b;TYPE=JPEG:…` as `data:image/jpeg;base64,…`.
fn as_uri(line: Line) -> Line {
    let value: String = line.value.chars().filter(|c| !c.is_whitespace()).collect();
    let types = line.param_values("TYPE");
    let named = line.param("MEDIATYPE").map(str::to_owned);
    let said = types.iter().find_map(|known| media_of(known).map(|media| (known.clone(), media)));
    let begun = MEDIA
        .iter()
        .find(|(_, media, head)| value.starts_with(head) && media.starts_with(family(&line.name)));
    let media = named
        .or_else(|| said.as_ref().map(|(_, media)| media.clone()))
        .or_else(|| begun.map(|(_, media, _)| (*media).to_owned()))
        .unwrap_or_else(|| "application/octet-stream".to_owned());
    let used = said.map(|(known, _)| known);
    let mut uri = Line { value: format!("data:{media};base64,{value}"), ..line };
    uri.params.retain(|(name, _)| !matches!(name.as_str(), "ENCODING" | "VALUE" | "MEDIATYPE"));
    for (_, values) in uri.params.iter_mut().filter(|(name, _)| name == "TYPE") {
        values.retain(|value| Some(value) != used.as_ref());
    }
    uri.params.retain(|(_, values)| !values.is_empty());
    uri
}

/// `data:image/jpeg;base64,…` as `ENCODING=b;TYPE=JPEG:…`.
fn as_bytes(line: Line) -> Line {
    let parts = line.value.get(5..).filter(|_| is_data(&line.value));
    let Some((head, bytes)) = parts.and_then(|rest| rest.split_once(',')) else { return line };
    let Some(media) = head.strip_suffix(";base64").map(str::to_ascii_lowercase) else { return line };
    let media = media.split(';').next().unwrap_or_default();
    let word = MEDIA.iter().find(|(_, known, _)| *known == media).map(|(word, ..)| (*word).to_owned());
    let word = word.unwrap_or_else(|| media.to_owned());
    let mut coded = Line { value: bytes.to_owned(), ..line };
    coded.params.retain(|(name, _)| !matches!(name.as_str(), "VALUE" | "MEDIATYPE"));
    let coded = coded.with("ENCODING", "b");
    if word.is_empty() { coded } else { coded.with("TYPE", word) }
}

fn media_of(word: &str) -> Option<String> {
    if word.contains('/') {
        return Some(word.to_ascii_lowercase());
    }
    let found = MEDIA.iter().find(|(known, ..)| known.eq_ignore_ascii_case(word));
    found.map(|(_, media, _)| (*media).to_owned())
}

fn family(name: &str) -> &'static str {
    match name {
        "SOUND" => "audio/",
        "KEY" => "application/",
        _ => "image/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_in_the_file_is_written_as_the_version_asks() {
        for (text, version, written) in [
            ("PHOTO;ENCODING=b;TYPE=JPEG:/9j/4A==", Version::V4, "PHOTO:data:image/jpeg;base64,/9j/4A=="),
            ("PHOTO;ENCODING=BASE64;PNG:iVBOR w0", Version::V4, "PHOTO:data:image/png;base64,iVBORw0"),
            ("PHOTO;ENCODING=b:iVBORw0KGgo=", Version::V4, "PHOTO:data:image/png;base64,iVBORw0KGgo="),
            (
                "LOGO;ENCODING=b;TYPE=WORK,GIF:R0lGOD",
                Version::V4,
                "LOGO;TYPE=WORK:data:image/gif;base64,R0lGOD",
            ),
            ("SOUND;TYPE=WAVE;ENCODING=b:AA==", Version::V4, "SOUND:data:audio/wav;base64,AA=="),
            ("KEY;ENCODING=b:AA==", Version::V4, "KEY:data:application/octet-stream;base64,AA=="),
            ("PHOTO:data:image/jpeg;base64,/9j/4A==", Version::V3, "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4A=="),
            (
                "PHOTO:data:image/png;base64,iVBORw0KGgo=",
                Version::V4,
                "PHOTO:data:image/png;base64,iVBORw0KGgo=",
            ),
            ("PHOTO:data:image/jpeg;base64\\,/9j/4A==", Version::V3, "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4A=="),
            ("PHOTO:data:image/jpeg;base64\\,/9j/", Version::V4, "PHOTO:data:image/jpeg;base64,/9j/"),
            (
                "PHOTO;ENCODING=b;TYPE=png,HOME:data:image/png;base64,iVBORw0=",
                Version::V4,
                "PHOTO;TYPE=HOME:data:image/png;base64,iVBORw0=",
            ),
            (
                "PHOTO;ENCODING=b;TYPE=png:data:image/png;base64,iVBORw0=",
                Version::V3,
                "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0=",
            ),
            ("PHOTO;TYPE=png:data:;base64,iVBORw0=", Version::V4, "PHOTO:data:image/png;base64,iVBORw0="),
            ("PHOTO;TYPE=png:data:;base64,iVBORw0=", Version::V3, "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0="),
            ("KEY;X509;BASE64: MII AA", Version::V3, "KEY;TYPE=X509;ENCODING=b:MIIAA"),
            ("KEY;X509;BASE64: MII AA", Version::V4, "KEY:data:application/pkix-cert;base64,MIIAA"),
            ("PHOTO;VALUE=uri:https://a.example/p", Version::V3, "PHOTO;VALUE=uri:https://a.example/p"),
            ("GEO:37.38;-122.08", Version::V4, "GEO:geo:37.38,-122.08"),
            ("GEO:37.38;-122.08", Version::V3, "GEO:37.38;-122.08"),
            ("item1.GEO;VALUE=uri:geo:37.38\\,-122.08", Version::V3, "item1.GEO:37.38;-122.08"),
            ("GEO:geo:37.38,-122.08;u=5", Version::V3, "GEO:geo:37.38,-122.08;u=5"),
            ("GEO:ici", Version::V4, "GEO:ici"),
            ("X-PHOTO;ENCODING=b:AA==", Version::V4, "X-PHOTO;ENCODING=b:AA=="),
        ] {
            let line = Line::parse(1, text.as_bytes().to_vec()).unwrap();
            assert_eq!(fitted(line, version).to_text(), written, "{text}");
        }
    }
}
