//! An article as it stands on a terminal.

use crate::{Article, Lang, t};

/// Writes an article in lines: what happened and what it did to the data, why, what to do, where to read more.
#[must_use]
pub fn render(article: &Article, lang: Lang) -> String {
    let mut lines = vec![format!("✗ {}  {}", article.code, article.what)];
    lines.push(format!("  ({})", article.did));
    lines.extend(causes_and_cures(article, lang));
    let mut read = vec![format!("passerelle explain {}", article.code)];
    read.extend(article.url.clone());
    lines.extend(block(lang, "article-more", &read, false));
    lines.join("\n")
}

/// Writes why it happened and what to do, in lines.
#[must_use]
pub fn causes_and_cures(article: &Article, lang: Lang) -> Vec<String> {
    let mut lines = block(lang, "article-why", &article.why, false);
    lines.extend(block(lang, "article-do", &article.todo, true));
    lines
}

/// Writes texts below each other behind their label, all labels as wide as the widest.
fn block(lang: Lang, label: &'static str, texts: &[String], numbered: bool) -> Vec<String> {
    let labels = ["article-why", "article-do", "article-more"].map(|id| t(lang, id, &[]).chars().count());
    let width = labels.into_iter().max().unwrap_or_default();
    let label = t(lang, label, &[]);
    let line = |(n, text): (usize, &String)| {
        let head = if n == 0 { label.as_str() } else { "" };
        let mark = if numbered && texts.len() > 1 { format!("{}. ", n + 1) } else { String::new() };
        format!("  {head:width$}  {mark}{}", text.replace('`', ""))
    };
    texts.iter().enumerate().map(line).collect()
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
