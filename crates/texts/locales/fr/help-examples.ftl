# Three examples for each command, by its name.
help-demo-examples =
    Exemples :
      passerelle demo                        toute l'histoire
      passerelle demo --lang fr              en français
      passerelle demo --keep essai --serve   tout garder pour regarder ensuite
help-init-examples =
    Exemples :
      passerelle init                          pose ses questions, puis vérifie
      passerelle init --non-interactive        avec toutes les valeurs par défaut
      passerelle init --database /srv/erp.db   une base à vous
help-user-examples =
    Exemples :
      passerelle user add alice --name "Alice Martin"   un nouvel utilisateur
      passerelle user list                              qui existe
      passerelle user list --json                       pour les machines
help-connect-examples =
    Exemples :
      passerelle connect google --user alice                               guide pas à pas
      passerelle connect google --user alice --client client_secret.json   avec le fichier sous la main
      passerelle connect google --user alice --no-browser                  sur un serveur
help-authorize-examples =
    Exemples :
      passerelle authorize google --client client_secret.json --for KEY                KEY est montrée par connect --no-browser
      passerelle authorize google --client client_secret.json --for KEY --no-browser   afficher seulement l'adresse
      passerelle explain GOOG-215                                                      si la clé n'est pas entière
help-disconnect-examples =
    Exemples :
      passerelle disconnect --user alice         demande d'abord
      passerelle disconnect --user alice --yes   sans question
      passerelle status                          qui est connecté
help-account-examples =
    Exemples :
      passerelle account replace --user alice                   un autre compte, comme un premier passage
      passerelle account replace --user alice --confirm alice   sans question
      passerelle explain GOOG-203                               pourquoi un autre compte est refusé
help-credential-examples =
    Exemples :
      passerelle credential replace --user alice --client client_secret.json   un nouveau secret du client
      passerelle test alice                                                    est-ce que cela marche
      passerelle explain GOOG-106                                              quand Google refuse le client
help-doctor-examples =
    Exemples :
      passerelle doctor                tout
      passerelle doctor --user alice   un utilisateur
      passerelle doctor --fix          réparer ce qui est sans risque
help-test-examples =
    Exemples :
      passerelle test alice            chaque service de Google
      passerelle test alice --json     pour les machines
      passerelle doctor --user alice   l'ordinateur aussi
help-vault-examples =
    Exemples :
      passerelle vault status          d'où vient la clé
      passerelle vault rotate          une nouvelle clé
      passerelle vault rotate --deep   chaque secret chiffré à nouveau
help-sync-examples =
    Exemples :
      passerelle sync --dry-run --diff     le plan, fiche par fiche
      passerelle sync --user alice         un utilisateur
      passerelle sync --allow-deletes=37   approuver le plan montré
help-status-examples =
    Exemples :
      passerelle status                tout le monde
      passerelle status --user alice   un utilisateur
      passerelle status --json         pour les machines
help-conflicts-examples =
    Exemples :
      passerelle conflicts                                   ce qui attend
      passerelle conflicts show 3                            les deux versions
      passerelle conflicts resolve 3 --keep local --always   la société l'emporte, toujours
help-history-examples =
    Exemples :
      passerelle history                   les derniers passages
      passerelle history --run 3           ses changements
      passerelle history --search Dupont   ce qui est arrivé à Dupont
help-undo-examples =
    Exemples :
      passerelle undo run 3 --dry-run   ce qui serait fait
      passerelle undo run 3             l'annuler
      passerelle undo record ID         une seule fiche
help-restore-examples =
    Exemples :
      passerelle restore ID --as-of "2026-11-25 14:30"                               une fiche
      passerelle restore --user alice --as-of 2026-11-25                             tout, depuis le matin
      passerelle restore --user alice --kind contacts --as-of 2026-11-25 --dry-run   ce qui serait fait
help-rules-examples =
    Exemples :
      passerelle rules list                                en phrases
      passerelle rules test ID                             ce qu'elles font d'une fiche
      passerelle rules forget --user alice --field notes   ce qu'une réponse a appris
help-database-examples =
    Exemples :
      passerelle database adopt --moved    elle a été déplacée
      passerelle database adopt --copied   c'est une copie
      passerelle explain SYNC-113          pourquoi c'est important
help-contacts-examples =
    Exemples :
      passerelle contacts import clients.vcf     vCard, CSV, JSContact
      passerelle contacts list --search Dupont   chercher quelqu'un
      passerelle contacts export tous.vcf        tous
help-events-examples =
    Exemples :
      passerelle events import agenda.ics --user alice      iCalendar, JSCalendar
      passerelle events list --user alice --search visite   chercher un rendez-vous
      passerelle events export agenda.ics --user alice      tous
help-config-examples =
    Exemples :
      passerelle config show    chaque réglage et son origine
      passerelle config check   tiennent-ils ensemble
      passerelle rules list     les règles en vigueur
help-completion-examples =
    Exemples :
      passerelle completion bash > /etc/bash_completion.d/passerelle   bash
      passerelle completion zsh                                        zsh
      passerelle completion powershell                                 PowerShell
help-man-examples =
    Exemples :
      passerelle man              une page
      passerelle man --dir man1   une page par commande
      passerelle man --lang fr    en français
help-explain-examples =
    Exemples :
      passerelle explain GOOG-204             l'article entier
      passerelle explain SYNC-101 --lang fr   en français
      passerelle explain VAULT-001 --json     pour les machines
help-calendar-examples =
    Exemples :
      passerelle calendar list --user alice            les deux côtés
      passerelle calendar add Équipe --user alice      un de plus tenu à jour
      passerelle calendar remove Équipe --user alice   n'est plus tenu à jour ; tout reste
