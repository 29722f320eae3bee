# The story of `passerelle demo`.
demo-checked =
    ✓ Both sides, read independently: { $contacts } contacts and { $events } appointments each.
    ✓ The last run: { $writes } writes, { $requests } requests, { $mails } mails to guests.
demo-conflict = 5. One question is waiting for a person.
demo-conflict-answer = The company's value is kept. The other one stays in the history.
demo-conflict-values = { $who }, { $field }: before “{ $base }”, company “{ $local }”, Google “{ $remote }”
demo-edits = 3. Both sides go on working.
demo-edit-clash = • Both sides change the notes of { $who }: the same field.
demo-edit-delete = • On the phone, { $who } is deleted by mistake.
demo-edit-delete-event = • In the company's software, “{ $what }” is deleted with plain SQL.
demo-edit-fields = • { $who }: a new job title in the company's software, a nickname on the phone: different fields.
demo-edit-occurrence = • On the phone, one visit of “{ $what }” is moved by three hours.
demo-edit-split = • On the phone, “{ $what }” changes for this visit and all that follow.
demo-first-look = 1. First look: what would a synchronisation do? Nothing is written.
demo-first-sync = 2. First synchronisation. A first run never deletes.
demo-kept = Everything is kept in { $folder }. Look around with: passerelle --config { $config } status
demo-other-side = ✗ { $what }: { $local } in the company's database, { $remote } at Google
demo-pair =
    { $kind ->
        [contacts] contacts
       *[other] appointments
    }: to the company +{ $lc } ~{ $lu } −{ $ld } · to Google +{ $rc } ~{ $ru } −{ $rd } · matched { $matched } · to decide { $held }
demo-quiet = 7. A last run, with nothing to do.
demo-second-sync = 4. Second synchronisation.
demo-serving = The pretend Google stays at { $url } until Ctrl-C.
demo-story =
    A sample company: { $contacts } contacts and { $events } appointments of a French firm, some of them
    at a pretend Google already, with small differences. All inside this program: nothing leaves this computer.
demo-undo = 6. The deletion was a mistake: run { $run } is undone. { $who } is back on both sides.
demo-not-empty = the directory is not empty
