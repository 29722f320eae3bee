# Three examples for each command, by its name.
help-demo-examples =
    Examples:
      passerelle demo                        the whole story
      passerelle demo --lang fr              in French
      passerelle demo --keep essai --serve   keep it and look at it afterwards
help-init-examples =
    Examples:
      passerelle init                          asks, then checks
      passerelle init --non-interactive        with all defaults
      passerelle init --database /srv/erp.db   a database of your own
help-user-examples =
    Examples:
      passerelle user add alice --name "Alice Martin"   a new app user
      passerelle user list                              who there is
      passerelle user list --json                       for machines
help-connect-examples =
    Examples:
      passerelle connect google --user alice                               leads through it
      passerelle connect google --user alice --client client_secret.json   with the file at hand
      passerelle connect google --user alice --no-browser                  on a server
help-authorize-examples =
    Examples:
      passerelle authorize google --client client_secret.json --for KEY                KEY is shown by connect --no-browser
      passerelle authorize google --client client_secret.json --for KEY --no-browser   only print the address
      passerelle explain GOOG-215                                                      when the key is not whole
help-disconnect-examples =
    Examples:
      passerelle disconnect --user alice         asks first
      passerelle disconnect --user alice --yes   without a question
      passerelle status                          who is connected
help-account-examples =
    Examples:
      passerelle account replace --user alice                   another account, as a first run
      passerelle account replace --user alice --confirm alice   without a question
      passerelle explain GOOG-203                               why another account is refused
help-credential-examples =
    Examples:
      passerelle credential replace --user alice --client client_secret.json   a new client secret
      passerelle test alice                                                    does it work
      passerelle explain GOOG-106                                              when Google refuses the client
help-doctor-examples =
    Examples:
      passerelle doctor                everything
      passerelle doctor --user alice   one app user
      passerelle doctor --fix          mend what is safe
help-test-examples =
    Examples:
      passerelle test alice            each service of Google
      passerelle test alice --json     for machines
      passerelle doctor --user alice   with the computer too
help-vault-examples =
    Examples:
      passerelle vault status          where the key comes from
      passerelle vault rotate          a new key
      passerelle vault rotate --deep   every secret encrypted anew
help-sync-examples =
    Examples:
      passerelle sync --dry-run --diff     the plan, record by record
      passerelle sync --user alice         one app user
      passerelle sync --allow-deletes=37   approve the plan that was shown
help-status-examples =
    Examples:
      passerelle status                everybody
      passerelle status --user alice   one app user
      passerelle status --json         for machines
help-conflicts-examples =
    Examples:
      passerelle conflicts                                   what waits
      passerelle conflicts show 3                            both versions
      passerelle conflicts resolve 3 --keep local --always   the company wins, always
help-history-examples =
    Examples:
      passerelle history                   the last runs
      passerelle history --run 3           its changes
      passerelle history --search Dupont   what happened to Dupont
help-undo-examples =
    Examples:
      passerelle undo run 3 --dry-run   what would be done
      passerelle undo run 3             take it back
      passerelle undo record ID         one record only
help-restore-examples =
    Examples:
      passerelle restore ID --as-of "2026-11-25 14:30"                               one record
      passerelle restore --user alice --as-of 2026-11-25                             everything of a day
      passerelle restore --user alice --kind contacts --as-of 2026-11-25 --dry-run   what would be done
help-rules-examples =
    Examples:
      passerelle rules list                                in sentences
      passerelle rules test ID                             what they make of one record
      passerelle rules forget --user alice --field notes   what an answer taught
help-database-examples =
    Examples:
      passerelle database adopt --moved    it was moved
      passerelle database adopt --copied   it is a copy
      passerelle explain SYNC-113          why it matters
help-contacts-examples =
    Examples:
      passerelle contacts import clients.vcf     vCard, CSV, JSContact
      passerelle contacts list --search Dupont   find somebody
      passerelle contacts export tous.vcf        all of them
help-events-examples =
    Examples:
      passerelle events import agenda.ics --user alice      iCalendar, JSCalendar
      passerelle events list --user alice --search visite   find an appointment
      passerelle events export agenda.ics --user alice      all of them
help-config-examples =
    Examples:
      passerelle config show    every setting and its origin
      passerelle config check   do they hold together
      passerelle rules list     the rules in force
help-completion-examples =
    Examples:
      passerelle completion bash > /etc/bash_completion.d/passerelle   bash
      passerelle completion zsh                                        zsh
      passerelle completion powershell                                 PowerShell
help-man-examples =
    Examples:
      passerelle man              one page
      passerelle man --dir man1   a page for each command
      passerelle man --lang fr    in French
help-explain-examples =
    Examples:
      passerelle explain GOOG-204             the whole article
      passerelle explain SYNC-101 --lang fr   in French
      passerelle explain VAULT-001 --json     for machines
help-calendar-examples =
    Examples:
      passerelle calendar list --user alice            both sides
      passerelle calendar add Team --user alice        one more in step
      passerelle calendar remove Team --user alice     in step no longer; everything stays
