//! What belongs to rows that plain SQL replaced (`INSERT OR REPLACE`): it came back with them, and gives way when the
//! program inserts the same again. The next run ends that.

use diesel::prelude::*;

use crate::{dialect::Conn, schema::passerelle_parked};

/// Tells whether there is anything to forget.
pub(crate) fn waits(conn: &mut Conn) -> QueryResult<bool> {
    let one: Option<i64> = passerelle_parked::table.select(passerelle_parked::item).first(conn).optional()?;
    Ok(one.is_some())
}

/// Forgets what was noted of replaced rows: from now on it is as if they had never been replaced.
pub(crate) fn forget(conn: &mut Conn) -> QueryResult<()> {
    diesel::delete(passerelle_parked::table).execute(conn)?;
    Ok(())
}
