# doctor, test, et ce que status dit d'avance.
doctor-configuration = configuration : { $file }
doctor-vault = coffre : clé donnée par { $source }, { $count ->
    [one] { $count } secret
   *[other] { $count } secrets
}, pour vous seul
doctor-database = base : { $file }, intacte, accessible en écriture (schéma { $schema })
doctor-disk = disque : { $free } Mio libres
doctor-lock = personne d'autre n'est au travail
doctor-running = passerelle est au travail (processus { $pid })
doctor-network = Google répond · proxy : { $proxy } · TLS signé par : { $issuer }
doctor-clock = horloge : à { $seconds ->
    [one] { $seconds } seconde
   *[other] { $seconds } secondes
} de celle de Google
doctor-token = autorisation acceptée : { $account }
doctor-scopes = agendas et contacts sont accordés
doctor-calendar = Calendar API répond
doctor-contacts = People API répond
doctor-quota = quotas : { $contacts ->
    [one] { $contacts } contact
   *[other] { $contacts } contacts
} sur { $limit } ; au plus { $calendar_per_minute } requêtes par minute aux agendas et { $people_per_minute } aux contacts, selon les réglages
doctor-authorisation = autorisé { $days ->
    [0] aujourd'hui
    [one] depuis { $days } jour
   *[other] depuis { $days } jours
} ; aucune fin en vue
doctor-fixed-mode = ✓ réparé : { $file } est désormais pour vous seul
doctor-fixed-lock = ✓ réparé : la trace d'un processus mort est effacée ({ $file })
doctor-summary = { $problems ->
    [0] Aucun problème
    [one] { $problems } problème
   *[other] { $problems } problèmes
}, { $warnings ->
    [0] aucun avertissement
    [one] { $warnings } avertissement
   *[other] { $warnings } avertissements
}.
doctor-none = aucun
io-exists = il existe déjà, et n'est pas écrasé
io-not-found = il n'existe pas
io-denied = droit manquant
io-directory = c'est un dossier
io-no-directory = une partie du chemin n'est pas un dossier
io-read-only = le disque est en lecture seule
io-no-text = ce n'est pas du texte
io-full = il n'y a plus de place
io-too-large = il dépasse 4 Gio
io-changing = un autre programme le modifie : importez-le quand ce sera terminé
why-no-entry = il n'a pas cette entrée
why-empty = elle est vide
why-bad-name = son nom ne convient pas
why-no-key = elle n'en donne pas
why-command = la commande a échoué
why-command-hangs = la commande ne s'est pas terminée
why-no-session = aucune session n'est ouverte, ou son trousseau est verrouillé
why-several = plusieurs entrées ont ce nom
why-no-answer = il ne répond pas
why-not-built = ce passerelle a été construit sans trousseau (option « keyring »)
why-no-service-account = c'est un autre fichier
why-bad-key = sa clé privée est illisible
why-not-json = ce n'est pas du JSON
why-no-certificate = il ne contient aucun certificat
why-no-systemd = pas lancé par systemd : CREDENTIALS_DIRECTORY n'est pas là
why-no-command = vault.key_command est vide
doctor-fixed-folder = ✓ réparé : d'autres ne peuvent plus écrire dans { $file }
skew = { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}
why-no-key-at-all = ce qu'elle donne n'est pas une clé
why-wide = d'autres peuvent la lire
why-no-toml = ce n'est pas du TOML
why-larger-than = plus de { $most } ko
why-more-values-than = plus de { $most } valeurs
why-longer-than = plus de { $most } caractères
why-made-from-mail = Google l'a créé à partir d'un message, et personne ne peut l'y modifier
why-malformed-rule = sa répétition est illisible
why-skipped-hour = elle commence à une heure que son horloge saute ce jour-là
why-no-such-day = ce jour n'existe pas
