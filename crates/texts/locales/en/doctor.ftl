# doctor, test, and what status says in advance.
doctor-configuration = configuration: { $file }
doctor-vault = vault: key from { $source }, { $count ->
    [one] { $count } secret
   *[other] { $count } secrets
}, for you alone
doctor-database = database: { $file }, whole, can be written (schema { $schema })
doctor-disk = disk: { $free } MiB free
doctor-lock = nobody else is at work
doctor-running = passerelle is at work (process { $pid })
doctor-network = Google answers · proxy: { $proxy } · TLS signed by: { $issuer }
doctor-clock = clock: { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
} from Google's
doctor-token = authorisation of { $account } is accepted
doctor-scopes = calendars and contacts are granted
doctor-calendar = Calendar API answers
doctor-contacts = People API answers
doctor-quota = quota: { $contacts } of { $limit } contacts; at most { $calendar_per_minute } requests a minute to the calendars and { $people_per_minute } to the contacts, as set here
doctor-authorisation = authorised { $days ->
    [0] today
    [one] { $days } day ago
   *[other] { $days } days ago
}; no end in sight
doctor-fixed-mode = ✓ put right: { $file } is for you alone now
doctor-fixed-lock = ✓ put right: the trace of a process that died is gone ({ $file })
doctor-summary = { $problems ->
    [0] No problem
    [one] { $problems } problem
   *[other] { $problems } problems
}, { $warnings ->
    [0] no warning
    [one] { $warnings } warning
   *[other] { $warnings } warnings
}.
doctor-none = none
io-exists = there is such a file already, and it is not overwritten
io-not-found = no such file or directory
io-denied = no right to do so
io-directory = it is a directory
io-no-directory = a part of its path is no directory
io-read-only = the disk cannot be written
io-no-text = it is no text
io-full = no room is left
io-too-large = it is larger than 4 GiB
io-changing = another program is changing it: import it once that is done
why-no-entry = it has no such entry
why-empty = it is empty
why-bad-name = its name is none
why-no-key = it gives no key
why-command = the command failed
why-command-hangs = the command did not end
why-no-session = no session is open, or its key store is locked
why-several = several entries have this name
why-no-answer = it does not answer
why-not-built = this passerelle was built without key stores (feature "keyring")
why-no-service-account = it is another file
why-bad-key = its private key cannot be read
why-not-json = it is no JSON
why-no-certificate = it holds no certificate
why-no-systemd = not started by systemd: CREDENTIALS_DIRECTORY is not set
why-no-command = vault.key_command is empty
doctor-fixed-folder = ✓ put right: others may no longer write in { $file }
skew = { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
why-no-key-at-all = what it gives is no key
why-wide = others may read it
why-no-toml = it is no TOML
why-larger-than = larger than { $most } kB
why-more-values-than = more than { $most } values
why-longer-than = longer than { $most } characters
why-made-from-mail = Google made it from a message, and nobody can change it there
why-malformed-rule = its repetition cannot be read
why-skipped-hour = it begins at a time that its clock skips that day
why-no-such-day = there is no such day
