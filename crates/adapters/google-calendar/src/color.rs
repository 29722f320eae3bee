//! Google's eleven event colours (C167) and the names of the web's colours (RFC 7986 `COLOR`).

/// Number at Google, the web's name we read it as, and what it looks like.
const TABLE: &[(&str, &str, [u8; 3])] = &[
    ("1", "lavender", [0x79, 0x86, 0xcb]),
    ("2", "mediumseagreen", [0x33, 0xb6, 0x79]),
    ("3", "darkorchid", [0x8e, 0x24, 0xaa]),
    ("4", "salmon", [0xe6, 0x7c, 0x73]),
    ("5", "gold", [0xf6, 0xbf, 0x26]),
    ("6", "orangered", [0xf4, 0x51, 0x1e]),
    ("7", "deepskyblue", [0x03, 0x9b, 0xe5]),
    ("8", "dimgray", [0x61, 0x61, 0x61]),
    ("9", "royalblue", [0x3f, 0x51, 0xb5]),
    ("10", "seagreen", [0x0b, 0x80, 0x43]),
    ("11", "crimson", [0xd5, 0x00, 0x00]),
];

/// Names people use that are not in Google's table, with the nearest number.
const NEAR: &[(&str, &str)] = &[
    ("black", "8"),
    ("blue", "9"),
    ("brown", "6"),
    ("cyan", "7"),
    ("gray", "8"),
    ("green", "10"),
    ("grey", "8"),
    ("indigo", "9"),
    ("lime", "2"),
    ("magenta", "3"),
    ("navy", "9"),
    ("orange", "6"),
    ("pink", "4"),
    ("purple", "3"),
    ("red", "11"),
    ("silver", "8"),
    ("teal", "10"),
    ("tomato", "11"),
    ("turquoise", "7"),
    ("violet", "1"),
    ("yellow", "5"),
];

/// Returns the web's name of one of Google's colours; nothing for a number that is not known yet.
pub(crate) fn name(id: &str) -> Option<&'static str> {
    TABLE.iter().find(|(number, ..)| *number == id).map(|(_, name, _)| *name)
}

/// Returns Google's number of the colour that looks most like this one; nothing for a name nobody knows.
pub(crate) fn id(color: &str) -> Option<&'static str> {
    let color = color.trim().to_ascii_lowercase();
    let known = TABLE.iter().find(|(_, name, _)| *name == color).map(|(number, ..)| *number);
    let near = || NEAR.iter().find(|(name, _)| *name == color).map(|(_, number)| *number);
    let nearest = || {
        let wanted = rgb(&color)?;
        TABLE.iter().min_by_key(|(_, _, look)| distance(*look, wanted)).map(|(number, ..)| *number)
    };
    known.or_else(near).or_else(nearest)
}

fn rgb(color: &str) -> Option<[u8; 3]> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = value.to_be_bytes();
    Some([red, green, blue])
}

fn distance(left: [u8; 3], right: [u8; 3]) -> u32 {
    left.iter().zip(right).map(|(left, right)| u32::from(left.abs_diff(right)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_of_google_comes_back() {
        for (number, word, _) in TABLE {
            assert_eq!(name(number), Some(*word));
            assert_eq!(id(word), Some(*number));
        }
        assert_eq!(name("99"), None);
    }

    #[test]
    fn other_colours_become_the_nearest() {
        let table = [
            ("#ff0000", Some("11")),
            ("#FFD700", Some("5")),
            ("Red", Some("11")),
            ("rebeccapurple", None),
            ("#12", None),
        ];
        for (color, want) in table {
            assert_eq!(id(color), want, "{color}");
        }
    }
}
