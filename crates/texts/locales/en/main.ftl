# Words used everywhere.
article-why = Why
article-do = Do
as-above = as above
article-more = More
ask-yes-no = y/n
value-none = (nothing)
value-gone = (deleted)
word-yes = yes
word-no = no
word-required = required
word-optional = optional
word-informational = for information
word-chair = chair
word-needs-action = no answer yet
word-accepted = accepted
word-declined = declined
word-tentative-guest = tentative
word-default = default
word-public = public
word-private = private
word-confidential = confidential
word-busy = busy
word-free = free
word-confirmed = confirmed
word-tentative = tentative
word-cancelled = cancelled
word-display = display
word-email = email
kind-contacts = contacts
kind-events = appointments
count-contacts = { $count ->
    [one] { $count } contact
   *[other] { $count } contacts
}
count-events = { $count ->
    [one] { $count } appointment
   *[other] { $count } appointments
}

# config, init, user
config-built-in = built in
config-good = ✓ The settings are good ({ $file }).
init-welcome = Welcome. Five questions, each with an answer you can take as it stands. Nothing is written at Google before you say so.
init-ask-language = Language / langue:
init-ask-database = Company database (SQLite file):
init-ask-key = Key of the vault (a file for you alone):
init-ask-region = Country of telephone numbers (FR, BE, CH …):
init-database = ✓ Database: { $file }
init-vault = ✓ Vault, opened by the key { $file }. Keep a copy of that file in a safe place.
init-saved = ✓ Settings: { $file }
init-kept = ✓ Settings were there already and stay as they are: { $file }
init-next = Next: passerelle user add alice
user-added = ✓ { $user } is an app user now.
user-added-next = Next: passerelle connect google --user { $user } --client client_secret.json
account-none = not connected
account-reconnect = { $account }: has to consent again (passerelle connect google)

# connect, disconnect
connect-open = Opening your browser. If nothing opens, open this address:
connect-open-yourself = Open this address in a browser on this computer:
connect-boxes = Google will ask for calendars and contacts: tick every box. Waiting … (Ctrl-C to stop)
connect-other-address = Google says that this is { $account }, but { $expected } was expected for { $user }. Connect it all the same?
connect-other-calendars = Not chosen: { $names } (passerelle calendar add --user { $user } --calendar NAME)
connect-default-apart = Appointments of the calendar { $name }, the default one, stay here: it is in step with none. With the account's main calendar: passerelle calendar add primary --user { $user }
connect-authorised = ✓ { $account } authorised for { $user }
connect-secret-moved = ✓ The client's secret is in the vault: you may delete the file.
connect-pair-contacts = ✓ Contacts: { $name }
connect-pair-events = ✓ Calendar: { $name }
scope-contacts = access to the contacts
scope-events = access to the calendars
scope-calendar-list = access to the list of calendars
connect-once-more = Google gave a short authorisation only; once more, and it will ask explicitly.
connect-next = Next: passerelle sync --user { $user } --dry-run
disconnect-ask = Give { $user }'s authorisation back and destroy its secrets? Records and history stay.
disconnected-revoked = ✓ { $account}: the authorisation is void, its secrets are destroyed.
disconnected-unreachable = ✓ { $account }: its secrets are destroyed. Google could not confirm: check https://myaccount.google.com/connections
disconnected-kept = Records, links and history stay: connecting again goes on where this ended.

# sync
phase-listing = reading
phase-looking = looking closer
phase-planning = planning
phase-writing = writing
sync-first = first run
sync-dry = nothing is written
side-local = the company's database
side-remote = Google
sync-to-local = to company
sync-to-remote = to Google
sync-create = create
sync-update = update
sync-delete = delete
sync-move = move
sync-seen = seen, changed there by somebody
sync-matched = { $count ->
    [one] { $count } record found on both sides
   *[other] { $count } records found on both sides
}
sync-held = { $count } to decide
sync-failed = { $count } refused
sync-late = { $count } that Google goes on showing as before: each run asks again
sync-unknown = { $count } of unknown outcome: the next run finds out
sync-dropped = { $count ->
    [one] 1 changed occurrence went: its series does not take place then any more
   *[other] { $count } changed occurrences went: their series do not take place then any more
}
sync-relabelled = label renamed on both sides: "{ $kept }" stays, "{ $lost }" goes
sync-losses = { $count } with values that the other side cannot hold; they stay where they are:
not-carried = at Google, and not carried because they are no appointments: { $sorts }
not-carried-sort = { $sort ->
    [birthday] birthdays ({ $count })
    [focus_time] focus times ({ $count })
    [out_of_office] absences ({ $count })
    [working_location] working locations ({ $count })
   *[more] { $sort } ({ $count })
}
sync-deferred = { $count } deletions left for the next run
sync-guests-kept = { $count ->
    [one] one guest of meetings or occurrences that were taken away may still see them in the calendar: nobody is mailed (events.guest_mails)
   *[other] { $count } guests of meetings or occurrences that were taken away may still see them in their calendars: nobody is mailed (events.guest_mails)
}
sync-dry-done = { $count } changes would be made, { $failed } refused, { $held } to decide, { $mails } e-mails sent to guests. Apply: passerelle sync
sync-dry-stopped = { $count } changes would be made, { $failed } refused, { $held } to decide, { $mails } e-mails sent to guests. What is stopped above waits for your approval.
undo-dry-done = { $count } changes would be made, { $failed } refused, { $held } to decide, { $mails } e-mails sent to guests. Apply: the same command without --dry-run
sync-done = ✓ { $count } changes applied, { $failed } refused, { $held } to decide, { $mails } e-mails sent to guests.
sync-done-partly = { $count } changes applied, { $failed } refused, { $held } to decide, { $mails } e-mails sent to guests; not everything was done, see above.
sync-undo = Run { $run } can be undone: passerelle undo run { $run }
sync-decide = To decide: passerelle conflicts

# status
status-nobody = There is no app user yet: passerelle user add alice
status-success = in step as of { $time }
status-except = in step as of { $time }, except
status-last = last complete run { $time }
status-failed = last complete run { $time }, and since then a run that failed
status-losses = { $count } with values that one side cannot hold
status-never = never synchronised completely
status-both = { $count } on both sides
status-due = { $count } waiting for the next run
status-unseen = changed here since then: { $new } new, { $changed } changed, { $deleted } deleted
status-unknown = what changed here since then is not known: the next run reads everything
status-there = What changed at Google since the last run is not known before the next one.

# conflicts
conflicts-none = Nothing waits for a decision.
conflicts-next = Look: passerelle conflicts show { $number }. Decide: passerelle conflicts resolve { $number } { $answer }
conflicts-resolved = ✓ { $name }: your answer is kept.
conflicts-sync = The next run carries it out: passerelle sync
conflict-clash = changed on both sides: { $field }
conflict-answered = (answered; the next run carries it out)
conflict-look-alike = perhaps the same as: { $name }
conflict-base = before
conflict-local = company (local)
conflict-remote = Google (remote)

# history, undo
history-none = There was no run yet.
history-next = The changes of a run: passerelle history --run N. Take it back: passerelle undo run N
history-quiet = This run changed nothing.
history-sync = sync
history-undo = undo of run { $run }
history-restore = restored as of { $time }
history-answer = answer
history-import = import
history-incomplete = did not reach its end
history-not-landed = not carried out
undo-ask = Take run { $run } back like this?
undo-stays = { $count ->
    [one] 1 record of which something was not taken back
   *[other] { $count } records of which something was not taken back
}
undo-stays-changed = somebody changed it since
undo-stays-rules = the rules of today do not let it be written there
undo-stays-there = somebody has entered it again
undo-stays-busy = an earlier write of it is not finished; try again later
undo-left = Left as they are, because somebody changed them since: { $count }

# import, export
import-bad = line { $line }, { $name }: { $reason }. { $mend }
import-bad-object = line { $line }, record { $nth }, { $name }: { $reason }. { $mend }
import-hollow = { $file } holds no record: there is nothing to import.
import-seen-by-some = line { $line }, { $name }: is here already and seen by { $users } alone; that stays so (contact { $id })
import-seen-by-all = line { $line }, { $name }: everybody sees it, and so what this file adds to it (contact { $id })
import-seen-more = … and { $count } more: --json names all of them
import-seen-hint = Everybody sees a contact once no row of contact_users names it: docs/reference/importing.md
import-refused-preview = A preview writes no file: without --dry-run the records that are set aside will be in it.
import-older = line { $line }, { $name }: an older state of a record of this file, not taken
import-older-than-here = line { $line }, { $name }: an older state of the record that is here, not taken; --replace takes it
import-alone = line { $line }, { $name }: one occurrence of a series that is not here: taken as one appointment, without the rule of its series
import-joined = { $count ->
    [one] one changed occurrence or answer was put into its appointment
   *[other] { $count } changed occurrences or answers were put into their appointments
}
import-beside = line { $line }, { $name }: like { $other }, which is here ({ $alike }), and taken as another one
import-beside-line = line { $line }, { $name }: like { $other } on line { $other-line } of the file ({ $alike }), and taken as another one
alike-mail = the same e-mail address
alike-tel = the same number
alike-at = the same time and title
alike-name = the same name
alike-uid = the same identifier
import-twin = line { $line }, { $name }: is like { $other }, which is here under another identifier, and was taken as another one; with --look-alikes update it is that one
import-besides = { $count ->
    [one] one record is like another one and was taken as one of its own
   *[other] { $count } records are like other ones and were taken as ones of their own
}
import-recognised = { $count ->
    [one] one record without a known identifier was found to be one that is here
   *[other] { $count } records without a known identifier were found to be ones that are here
}
import-done = { $created } new, { $updated } updated, { $unchanged } there already
import-dry-done = Nothing was written: this was a preview.
import-of-calendar = Of the calendar itself, not taken: { $list }
import-leftovers = Kept beside the records, and written back by an export: { $list }
import-refused = The records that were set aside are in { $file }: correct it, and import it.
import-refused-hint = To correct the records that were set aside: import again with --refused FILE
import-would-create = line { $line }, would be new: { $name }
import-would-change = line { $line }, would change: { $name }
import-column-left = the column "{ $column }" was not taken ({ $count } rows, such as "{ $example }"); kept as text with each contact
import-ask-column = What is the column "{ $column }" ({ $count } rows, such as "{ $example }")? mobile, e-mail, notes …; "-" leaves it out; empty: keep as text
import-column-twice = The column "{ $meaning }" is given two meanings.
import-no-such-column = There is no column "{ $meaning }" in this file.
import-not-a-heading = "{ $meaning }" is not understood.
import-zone = The zone "{ $zone }" is not known: taken as { $taken } in { $count ->
    [one] one appointment (line { $line }, { $name })
   *[other] { $count } appointments (the first: line { $line }, { $name })
}
import-zone-otherwise = The file describes the zone "{ $zone }" otherwise than its name says: taken as { $taken } in { $count ->
    [one] one appointment (line { $line }, { $name })
   *[other] { $count } appointments (the first: line { $line }, { $name })
}
export-in-place = No file can be made beside { $file }: it is overwritten at once, and is not whole if this fails.
export-done = ✓ { $count } written to { $file }
reason-refused = the company's tables refuse it: { $rule }
rule-count-and-interval = COUNT and INTERVAL of a repetition are at least 1
rule-count-or-until = a repetition ends by COUNT or by UNTIL, not by both
rule-repetition = a repetition is written FREQ=WEEKLY;BYDAY=MO
rule-group-name = a group needs a name
rule-category = a category is not empty
rule-phone = a telephone number is not empty
rule-email = an e-mail address is not empty
rule-country-code = a country code has two letters
rule-end = an appointment cannot end before it starts
rule-end-of-occurrence = an occurrence cannot end before it starts
rule-whole-days = an appointment of whole days lasts whole days
rule-start = a start is a day that exists, or a day and a time
mend-unterminated = Add its END line, or export it again.
mend-no-begin = Add its BEGIN line before it.
mend-malformed = Export it again from the program that wrote the file.
mend-unterminated-json = Close its bracket: the file ends within it.
mend-malformed-json = Correct it as JSON: an object in braces, its texts in quotes.
mend-no-start-json = Give it a "start".
mend-bad-date-json = Write the date as 2026-11-23T09:00:00.
mend-malformed-rule-json = Correct its "recurrenceRules".
mend-bad-recurrence-id-json = Give it the "recurrenceId" of an occurrence, or a "uid" of its own.
mend-duplicate-json = Give it a "uid" of its own if it is another one.
mend-malformed-table = Correct its quotes and separators.
mend-looks-alike-table = Correct it, or import again with --look-alikes update or new.
mend-looks-like-several-table = Correct it, or import again with --look-alikes new.
mend-too-large = Take large pictures out of it.
mend-too-many = Make several of it: a record has up to 20,000 entries.
mend-unreadable = Look whether the file is complete, and import it again.
mend-empty = Give it a name, an address or a number, or leave it out.
mend-another-kind = Import it with the other command, or leave it out: tasks are not kept.
mend-message = Import the appointment itself; answer or decide in the program that received the message.
mend-no-start = Give it a DTSTART.
mend-bad-date = Write the date as 20261123 or 20261123T090000.
mend-unknown-zone = Name a zone such as Europe/Paris.
mend-end-before-start = Correct its end.
mend-not-whole-days = Give it an end at midnight, or a time of day at which it starts.
mend-malformed-rule = Correct its RRULE.
mend-bad-recurrence-id = Give it the RECURRENCE-ID of an occurrence, or a UID of its own.
mend-this-and-future = End the series there, and make a new one from there on.
mend-duplicate = Give it a UID of its own if it is another one.
mend-looks-alike = Give it that record's UID or correct it, or import again with --look-alikes update or new.
mend-looks-like-several = Give it the UID of the right one, or import again with --look-alikes new.
mend-unclosed-quote = Close the quote, or take it away.
mend-series-set-aside = Mend its series first.
mend-refused = Correct the value that the rule names.
reason-unterminated = the record has no end
reason-no-begin = lines of a record that begins nowhere
reason-malformed = the record cannot be read
reason-too-large = the record is too large
reason-too-many = the record has too many entries
reason-unreadable = the file cannot be read any further
reason-empty = the record is empty
reason-another-kind = it is of another kind
reason-message = an answer, a proposal or a question about an appointment, not the appointment itself
reason-no-start = the appointment has no start
reason-bad-date = a date cannot be read
reason-unknown-zone = the time zone is unknown
reason-end-before-start = the appointment ends before it begins
reason-not-whole-days = an all-day appointment lasts whole days
reason-malformed-rule = the repetition cannot be read
reason-bad-recurrence-id = a changed occurrence belongs to no occurrence of its series
reason-this-and-future = a change of all following occurrences cannot be taken over
reason-duplicate-of = the record on line { $line } of the file has the same identifier, is as new, and says otherwise
reason-duplicate = another record of the file has the same identifier and is as new
reason-looks-alike = it is like a record here, but says otherwise ({ $detail })
reason-looks-like-several = it is like several records here ({ $detail })
reason-unclosed-quote = a quote (") opens a text and is never closed
reason-series-set-aside = the series of this occurrence was set aside
calendar-none = —
calendar-default = { $name } (default)
calendar-apart = not in step
calendar-in-step = in step
calendar-from-there = from Google only: it may only be read there
calendar-known = { $there } and { $here } are in step already.
calendar-would-add = Would be in step: { $there } at Google and { $here } here.
calendar-would-add-new = Would be in step: { $there } at Google and a new calendar { $here } here.
calendar-added = ✓ In step from now on: { $there } at Google and { $here } here.
calendar-added-new = ✓ In step from now on: { $there } at Google and the new calendar { $here } here.
calendar-only-read = It may only be read at Google: its events come here, and nothing goes there.
calendar-next = Next: passerelle sync --user { $user } --dry-run
calendar-remove-ask = { $there } at Google and { $here } here will no longer be kept in step; { $count } appointments stay on both sides. Go on?
calendar-would-remove = Would no longer be in step: { $there } at Google and { $here } here ({ $count } appointments stay on both sides).
calendar-removed = ✓ No longer in step: { $there } at Google and { $here } here.
calendar-stays = Nothing is deleted: what stands in { $there } stays at Google, what stands in { $here } stays here ({ $count } on both sides). Again: passerelle calendar add --user { $user } --calendar …
