# guard
sync-more = … and { $count } more: passerelle { $command }
sync-waiting = Finding out what became of writes whose answer was lost…
sync-restored = This database is an older copy of itself (a backup put back?): both sides are listed anew and matched, nothing is deleted in this run.
adopt-moved = ✓ This is the database's home from now on.
adopt-copied = ✓ This copy is on its own now: { $count ->
    [one] one account was disconnected in it
   *[other] { $count } accounts were disconnected in it
}, the original keeps its own. Connect test accounts here, not the real ones.

losses-more = and { $count } more: passerelle status --losses
status-alone = { $count } on one side only, on purpose (passerelle status --alone)
status-aside = { $count } out of scope (passerelle status --alone)
alone-aside = out of scope: the other side has it in a calendar that is not connected, shows it no more, or removed it after that. It travels again once it is back. Its history: passerelle history --record { $id }
alone-here = here only
alone-there = at Google only
alone-undone = an undo left it there. It travels again once it is edited, or with passerelle undo record { $id }
alone-rule = a rule or an answer left it there. Its history: passerelle history --record { $id }

# answers
conflicts-always = From now on this side wins "{ $field }"; { $count ->
    [0] nothing else waits for it
    [one] one other conflict is settled by it
   *[other] { $count } other conflicts are settled by it
} at the next run. Take it back: passerelle rules forget

# history of records
history-nothing = Nothing of that kind is in the history.
history-undo-record = Take its last change back: passerelle undo record { $id }. As it was at a time: passerelle restore { $id } --as-of "2026-11-25 14:30"
history-purged = { $at }: { $count } changes ({ $kind }) of before { $before } were forgotten
history-kept = The history is kept for { $days } days (history.days).
history-kept-all = The whole history is kept (history.days = 0).
undo-ask-record = Take this record's changes back like this?
restore-ask = Take back like this everything since { $time }?

# rules
rules-from = settings: { $from }
rules-learnt = learnt from an answer: "{ $field }": { $who }
rules-only = only where { $what }
rules-window = only what takes place from { $from } to { $to }
rules-busy = Google sees private appointments as "Busy"
rules-field = { $field }: { $way }
rules-conflicts = both sides changed one field: { $who }
rules-field-conflicts = both sides changed { $field }: { $who }
rules-hold = a conflict in one field holds the whole record
rules-keep = a deletion on one side leaves the other as it is
rules-in = takes part
rules-out = does not take part; it stays as it is on both sides
rules-fails = because it is not so that { $what }
rules-outside = because it takes place outside the days of the rules
rules-hidden = Google sees something else, because it is private
rules-nobody = No app user with an account sees this record.
rules-forgotten = { $count ->
    [0] Nothing was learnt about this field.
    [one] One rule was forgotten.
   *[other] { $count } rules were forgotten.
}
way-both = both ways
way-to-google = to Google only
way-from-google = from Google only
way-never = does not travel
policy-ask = a person is asked
policy-local = the company wins
policy-remote = Google wins
policy-newest = the newer wins, where it is certain
test-present = { $field } is filled in
test-absent = { $field } is empty
test-any-of = { $field } is one of: { $words }
test-none-of = { $field } is none of: { $words }
test-not-before = { $field } is not before { $words }
test-before = { $field } is before { $words }
test-mine = { $words } organises it
test-not-mine = somebody else than { $words } organises it
