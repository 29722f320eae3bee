//! The catalogue and the enumeration of codes name the same ones.

use passerelle_ports::Code;

#[test]
fn each_code_has_an_article_and_each_article_its_code() {
    let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    codes.sort_unstable();
    let articles: Vec<&str> = passerelle_texts::codes().collect();
    assert_eq!(codes, articles, "crates/ports/src/code.rs and crates/texts/catalogue.toml");
}
