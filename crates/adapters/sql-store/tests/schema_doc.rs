//! `docs/reference/schema.md` tells the truth: its examples run, its refusals refuse, no column is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::{fs, path::Path};

use support::company_with;

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/reference/schema.md");
    fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn every_example_runs_or_is_refused_as_it_says() {
    let company = company_with(passerelle_sql_store::StoreOptions::default()).await;
    let mut client = company.client();
    client.run("DELETE FROM app_users");
    let document = document();
    let blocks = document.split("\n```sql").skip(1);
    let (mut ran, mut refused) = (0, 0);
    for block in blocks {
        let (heading, rest) = block.split_once('\n').unwrap();
        let statements = rest.split("\n```").next().unwrap();
        match heading.trim().strip_prefix("refused: ") {
            None => {
                client.run(statements);
                ran += 1;
            }
            Some(words) => {
                let refusal = client.refusal(statements);
                assert!(refusal.contains(words), "{statements}: {refusal}");
                refused += 1;
            }
        }
    }
    assert!(ran >= 10 && refused >= 5, "{ran} {refused}");
}

#[tokio::test]
async fn every_table_and_every_column_is_explained() {
    let company = company_with(passerelle_sql_store::StoreOptions::default()).await;
    let mut client = company.client();
    let columns = client.text(
        "SELECT t.name || '.' || c.name AS text FROM sqlite_master t, pragma_table_info(t.name) c
         WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite%'",
    );
    let document = document();
    for column in columns.split('|') {
        let (table, column) = column.split_once('.').unwrap();
        assert!(document.contains(table), "{table} is not explained");
        let own = table.starts_with("passerelle_") || table.starts_with("__");
        assert!(own || document.contains(&format!("`{column}`")), "{table}.{column} is not explained");
    }
}
