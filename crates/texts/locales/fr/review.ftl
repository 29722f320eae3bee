# guard
sync-more = … et { $count } de plus : passerelle { $command }
sync-waiting = Recherche de ce que sont devenues des écritures dont la réponse s'est perdue…
sync-restored = Cette base est une copie plus ancienne d'elle-même (sauvegarde remise en place ?) : les deux côtés sont relus et rapprochés, rien n'est supprimé dans ce passage.
adopt-moved = ✓ La base est désormais chez elle ici.
adopt-copied = ✓ Cette copie est maintenant indépendante : { $count ->
    [0] aucun compte n'y était connecté
    [one] un compte y a été déconnecté
   *[other] { $count } comptes y ont été déconnectés
}, l'original garde les siens. Connectez ici des comptes d'essai, pas les vrais.

losses-more = et { $count } de plus : passerelle status --losses
status-alone = { $count } d'un seul côté, exprès (passerelle status --alone)
status-aside = { $count } hors champ (passerelle status --alone)
alone-aside = hors champ : l'autre côté l'a dans un agenda qui n'est pas relié, ne le montre plus, ou l'a supprimé ensuite. Il voyage de nouveau dès qu'il revient. Son histoire : passerelle history --record { $id }
alone-here = ici seulement
alone-there = chez Google seulement
alone-undone = une annulation l'y a laissé. Il voyage de nouveau dès qu'il est modifié, ou avec passerelle undo record { $id }
alone-rule = une règle ou une réponse l'y a laissé. Son histoire : passerelle history --record { $id }

# answers
conflicts-always = Désormais ce côté l'emporte pour « { $field } » ; { $count ->
    [0] rien d'autre n'en dépend
    [one] un autre conflit sera réglé ainsi
   *[other] { $count } autres conflits seront réglés ainsi
} au prochain passage. Revenir dessus : passerelle rules forget

# history of records
history-nothing = Rien de tel dans l'historique.
history-undo-record = Annuler son dernier changement : passerelle undo record { $id }. Telle qu'elle était à un moment : passerelle restore { $id } --as-of "2026-11-25 14:30"
history-purged = { $at } : { $count } changements ({ $kind }) d'avant le { $before } ont été oubliés
history-kept = L'historique est gardé { $days } jours (history.days).
history-kept-all = Tout l'historique est gardé (history.days = 0).
undo-ask-record = Annuler ainsi les changements de cette fiche ?
restore-ask = Annuler ainsi tout ce qui a été fait depuis le { $time } ?

# rules
rules-from = réglages : { $from }
rules-learnt = appris d'une réponse : « { $field } » : { $who }
rules-only = seulement si { $what }
rules-window = seulement ce qui a lieu du { $from } au { $to }
rules-busy = Google voit les rendez-vous privés comme « Occupé »
rules-field = { $field } : { $way }
rules-conflicts = même champ modifié des deux côtés : { $who }
rules-field-conflicts = { $field } modifié des deux côtés : { $who }
rules-hold = un conflit dans un champ retient toute la fiche
rules-keep = une suppression d'un côté laisse l'autre tel quel
rules-in = participe
rules-out = ne participe pas ; reste en l'état des deux côtés
rules-fails = car il n'est pas vrai que { $what }
rules-outside = car elle a lieu hors des jours des règles
rules-hidden = Google voit autre chose, car elle est privée
rules-nobody = Aucun utilisateur connecté ne voit cette fiche.
rules-forgotten = { $count ->
    [0] Rien n'avait été appris sur ce champ.
    [one] Une règle a été oubliée.
   *[other] { $count } règles ont été oubliées.
}
way-both = dans les deux sens
way-to-google = vers Google seulement
way-from-google = depuis Google seulement
way-never = ne circule pas
policy-ask = on demande à quelqu'un
policy-local = la société l'emporte
policy-remote = Google l'emporte
policy-newest = le plus récent l'emporte, si c'est certain
test-present = { $field } est rempli
test-absent = { $field } est vide
test-any-of = { $field } est parmi : { $words }
test-none-of = { $field } n'est pas parmi : { $words }
test-not-before = { $field } n'est pas avant { $words }
test-before = { $field } est avant { $words }
test-mine = { $words } l'organise
test-not-mine = quelqu'un d'autre que { $words } l'organise
