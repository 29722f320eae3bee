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
doctor-token = l'autorisation de { $account } est acceptée
doctor-scopes = agendas et contacts sont accordés
doctor-calendar = Calendar API répond
doctor-contacts = People API répond
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
