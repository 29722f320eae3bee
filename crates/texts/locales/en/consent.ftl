# Consent: the three ways without a browser, other accounts, service accounts.
connect-three-ways = This computer has no browser to open. Take one of three ways; the first that works counts:
connect-way-tunnel = 1) From your own computer, in another terminal, then open the address below there:
connect-way-sealed = 2) On a computer that has passerelle and a browser; it gives a sealed code for this request only, to paste here:
connect-way-paste = 3) Open the address anywhere; at the end the browser shows a page that cannot be reached: paste its whole address here.
connect-address = Address:
connect-paste = Paste here, or wait:
connect-not-the-answer = This is not the answer to this request; nothing was accepted. Still waiting …
connect-pair-withheld = ✗ { $name }: switched off until the permission is given
connect-delegation =
    The service account acts for one person. The Workspace administrator allows that once, in the Admin console
    (Security, API controls, Domain-wide delegation), for the client id { $client } with exactly these permissions:
    { $scopes }
account-replace-ask = { $user } will leave { $account }. Nothing is deleted on either side; the new account begins with a first run. The old authorisation is given back.
ask-type-name = Type { $name } to go on:
credential-replaced = ✓ Google accepts the new secret; it is kept for { $user }. The old one may be deleted in the console, and so may the file.
authorize-done = The code for the other computer follows, sealed. Paste it there within a few minutes:
# The walk through Google's console.
guide-ask-workspace = Is { $user }'s address a Google Workspace one of your own company?
guide-internal = → Choose the audience "Internal": no warning page, no limit of seven days, no limit of people.
guide-external = → Choose the audience "External" and press "Publish app" before the first consent: in "Testing" every authorisation ends after seven days.
guide-skip = If you have the JSON of a "Desktop app" client already, go straight to the question at the end. Otherwise, once for the whole company:
guide-project = 1. A project: a name, "Create". Keep this one project for everything that follows.
guide-apis = 2. The two services that it may use: "Enable" on each page, then wait two minutes.
guide-branding = 3. Who it presents itself as: "Get started", a name your people know, a support address, the audience, "Create".
guide-audience-internal = 4. The audience: it has to say "Internal".
guide-audience-external = 4. The audience: "External", then "Publish app". (While it stays in "Testing", each person has to be listed under "Test users".)
guide-scopes = 5. What it may ask for: "Add or remove scopes", then paste these three lines into the box below the list, "Add to table", "Update", "Save":
     {"     "}https://www.googleapis.com/auth/calendar.events
     {"     "}https://www.googleapis.com/auth/calendar.calendarlist.readonly
     {"     "}https://www.googleapis.com/auth/contacts
guide-client = 6. "Create client": type "Desktop app", "Create", then "Download JSON" at once: Google shows the secret only now.
guide-warning-page = A warning page will come: "Google hasn't verified this app". It is your own application: "Advanced", then "Go to … (unsafe)".
guide-ask-file = The downloaded JSON (drop it here, or its path):
guide-client-good = ✓ type "Desktop app"   ✓ project { $project }
disconnected-delegation = ✓ { $account }: its secrets are destroyed. The delegation is the administrator's to withdraw: https://admin.google.com/ac/owl/domainwidedelegation
connect-key-moved = ✓ The service account's key is in the vault: you may delete the file.
disconnected-shared = ✓ { $account }: its secrets of this app user are destroyed. Another app user has the same Google account: the authorisation stays in force for them.
connect-calendars-later = The account is connected, without a calendar so far. Once that is mended, choose again: passerelle calendar add --user { $user } --calendar …
connect-limit = { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
}
sync-disconnected = { $user } was disconnected and is left out. Again: passerelle connect google --user { $user }
connect-waits = The consent is kept. A run is under way; waiting for its end …
