//! An article as it stands on a terminal.

use crate::{Article, Lang, t};

/// Writes an article in lines: what happened and what it did to the data, why, what to do, where to read more.
#[must_use]
pub fn render(article: &Article, lang: Lang) -> String {
    let label = |id| t(lang, id, &[]);
    let (why, todo, more) = (label("article-why"), label("article-do"), label("article-more"));
    let width = [&why, &todo, &more].iter().map(|label| label.chars().count()).max().unwrap_or_default();
    let mut lines = vec![format!("✗ {}  {}", article.code, article.what)];
    lines.push(format!("  ({})", article.did));
    let mut block = |label: &str, texts: &[String], numbered: bool| {
        for (n, text) in texts.iter().enumerate() {
            let head = if n == 0 { label } else { "" };
            let mark = if numbered && texts.len() > 1 { format!("{}. ", n + 1) } else { String::new() };
            lines.push(format!("  {head:width$}  {mark}{}", text.replace('`', "")));
        }
    };
    block(&why, &article.why, false);
    block(&todo, &article.todo, true);
    let mut read = vec![format!("passerelle explain {}", article.code)];
    read.extend(article.url.clone());
    block(&more, &read, false);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain;

    #[test]
    fn an_article_has_the_same_six_points_in_both_languages() {
        let english = render(&explain("GOOG-204", Lang::En, &[("user", "alice")]).unwrap(), Lang::En);
        assert_eq!(
            english,
            "✗ GOOG-204  Google no longer accepts alice's authorisation.\n  \
             (nothing was changed on either side)\n  \
             Why   Most likely the project is in \"Testing\": Google ends authorisations after 7 days.\n  \
             Do    1. Administrator, once: Google console, Audience, \"Publish app\".\n        \
             2. passerelle connect google --user alice\n  \
             More  passerelle explain GOOG-204\n        \
             https://console.cloud.google.com/auth/audience"
        );
        let french = render(&explain("GOOG-204", Lang::Fr, &[("user", "alice")]).unwrap(), Lang::Fr);
        assert!(french.contains("  Cause    Le plus probable"));
        assert!(french.contains("  À faire  1. Administrateur"));
        assert!(french.contains("  Détail   passerelle explain GOOG-204"));
    }
}
