//! What plain SQL deleted or replaced (`INSERT OR REPLACE`), until the next run. What belongs to a replaced row came back
//! with it, and gives way when the program inserts the same again; what is deleted and inserted anew is known again.

use diesel::prelude::*;

use crate::{
    dialect::Conn,
    schema::{passerelle_gone, passerelle_parked, passerelle_settings},
};

/// Set while we write ourselves: nothing is noted then, and nothing gives way.
const WRITING: &str = "parts.back";

/// Tells whether there is anything to forget.
pub(crate) fn waits(conn: &mut Conn) -> QueryResult<bool> {
    let parked: Option<i64> =
        passerelle_parked::table.select(passerelle_parked::item).first(conn).optional()?;
    let gone: Option<String> = passerelle_gone::table.select(passerelle_gone::part).first(conn).optional()?;
    Ok(parked.is_some() || gone.is_some())
}

/// Forgets what was noted of rows that were replaced or deleted: from now on it is as if they had never been.
pub(crate) fn forget(conn: &mut Conn) -> QueryResult<()> {
    diesel::delete(passerelle_parked::table).execute(conn)?;
    diesel::delete(passerelle_gone::table).execute(conn)?;
    Ok(())
}

/// Does a write of our own, of which the triggers that serve plain SQL note nothing; within one transaction.
pub(crate) fn unnoted<T, E: From<diesel::result::Error>>(
    conn: &mut Conn,
    write: impl FnOnce(&mut Conn) -> Result<T, E>,
) -> Result<T, E> {
    let row = (passerelle_settings::name.eq(WRITING), passerelle_settings::value.eq("1"));
    diesel::insert_into(passerelle_settings::table).values(row).on_conflict_do_nothing().execute(conn)?;
    let done = write(conn);
    diesel::delete(passerelle_settings::table.find(WRITING)).execute(conn)?;
    done
}
