# Mots employés partout.
article-why = Cause
article-do = À faire
as-above = comme ci-dessus
article-more = Détail
ask-yes-no = o/n
value-none = (rien)
value-gone = (supprimé)
word-yes = oui
word-no = non
word-required = attendu
word-optional = facultatif
word-informational = pour information
word-chair = préside
word-needs-action = sans réponse
word-accepted = accepté
word-declined = refusé
word-tentative-guest = peut-être
word-default = par défaut
word-public = public
word-private = privé
word-confidential = confidentiel
word-busy = occupé
word-free = libre
word-confirmed = confirmé
word-tentative = provisoire
word-cancelled = annulé
word-display = affichage
word-email = courriel
kind-contacts = contacts
kind-events = rendez-vous
count-contacts = { $count ->
    [one] { $count } contact
   *[other] { $count } contacts
}
count-events = { $count ->
    [one] { $count } rendez-vous
   *[other] { $count } rendez-vous
}

# config, init, user
config-built-in = d'origine
config-good = ✓ Les réglages sont bons ({ $file }).
init-welcome = Bienvenue. Cinq questions, chacune avec une réponse toute prête. Rien n'est écrit chez Google sans votre accord.
init-ask-language = Langue / language :
init-ask-database = Base de la société (fichier SQLite) :
init-ask-key = Clé du coffre (un fichier pour vous seul) :
init-ask-region = Pays des numéros de téléphone (FR, BE, CH…) :
init-database = ✓ Base : { $file }
init-vault = ✓ Coffre, ouvert par la clé { $file }. Gardez une copie de ce fichier en lieu sûr.
init-saved = ✓ Réglages : { $file }
init-kept = ✓ Les réglages existaient déjà et restent tels quels : { $file }
init-next = Ensuite : passerelle user add alice
user-added = ✓ { $user } est maintenant un utilisateur.
user-added-next = Ensuite : passerelle connect google --user { $user } --client client_secret.json
account-none = non connecté
account-reconnect = { $account } : doit redonner son accord (passerelle connect google)

# connect, disconnect
connect-open = Ouverture de votre navigateur. S'il ne s'ouvre pas, ouvrez cette adresse :
connect-open-yourself = Ouvrez cette adresse dans un navigateur de cet ordinateur :
connect-boxes = Google va demander les agendas et les contacts : cochez toutes les cases. En attente… (Ctrl-C pour arrêter)
connect-other-address = Google dit que c'est { $account }, mais { $expected } était attendu pour { $user }. Connecter quand même ?
connect-other-calendars = Non choisis : { $names } (passerelle calendar add --user { $user } --calendar NOM)
connect-default-apart = Les rendez-vous de l'agenda { $name }, l'agenda par défaut, restent ici : il n'est synchronisé avec aucun. Avec l'agenda principal du compte : passerelle calendar add primary --user { $user }
connect-authorised = ✓ { $account } autorisé pour { $user }
connect-secret-moved = ✓ Le secret du client est au coffre : vous pouvez supprimer le fichier.
connect-pair-contacts = ✓ Contacts : { $name }
connect-pair-events = ✓ Agenda : { $name }
scope-contacts = l'accès aux contacts
scope-events = l'accès aux agendas
scope-calendar-list = l'accès à la liste des agendas
connect-once-more = Google n'a donné qu'une autorisation courte ; encore une fois, et il posera la question.
connect-next = Ensuite : passerelle sync --user { $user } --dry-run
disconnect-ask = Rendre l'autorisation donnée pour { $user } et détruire ses secrets ? Les fiches et l'historique restent.
disconnected-revoked = ✓ { $account} : l'autorisation est annulée, ses secrets sont détruits.
disconnected-unreachable = ✓ { $account } : ses secrets sont détruits. Google n'a pas pu confirmer : vérifiez https://myaccount.google.com/connections
disconnected-kept = Fiches, liens et historique restent : une reconnexion reprend où l'on s'est arrêté.

# sync
phase-listing = lecture
phase-looking = vérification
phase-planning = préparation
phase-writing = écriture
sync-first = premier passage
sync-dry = rien n'est écrit
side-local = la base de l'entreprise
side-remote = Google
sync-to-local = vers société
sync-to-remote = vers Google
sync-create = créer
sync-update = modifier
sync-delete = supprimer
sync-move = déplacer
sync-seen = vu, changé là-bas par quelqu’un
sync-matched = { $count ->
    [one] { $count } fiche reconnue des deux côtés
   *[other] { $count } fiches reconnues des deux côtés
}
sync-held = { $count } à trancher
sync-failed = { $count } refusées
sync-late = { $count } que Google montre encore comme avant : chaque passage redemande
sync-unknown = { $count } d'issue inconnue : le prochain passage le dira
sync-dropped = { $count ->
    [one] 1 occurrence modifiée a disparu : sa série n'a plus lieu à ce moment-là
   *[other] { $count } occurrences modifiées ont disparu : leurs séries n'ont plus lieu à ces moments-là
}
sync-relabelled = libellé renommé des deux côtés : « { $kept } » reste, « { $lost } » disparaît
sync-losses = { $count } dont l'autre côté ne peut pas tout garder ; rien ne se perd de ce côté-ci :
not-carried = chez Google, et pas repris parce que ce ne sont pas des rendez-vous : { $sorts }
not-carried-sort = { $sort ->
    [birthday] anniversaires ({ $count })
    [focus_time] moments de concentration ({ $count })
    [out_of_office] absences ({ $count })
    [working_location] lieux de travail ({ $count })
   *[more] { $sort } ({ $count })
}
sync-deferred = { $count } suppressions laissées au prochain passage
sync-guests-kept = { $count ->
    [one] un invité peut voir encore dans son agenda des réunions ou occurrences retirées : personne ne reçoit de message (events.guest_mails)
   *[other] { $count } invités peuvent voir encore dans leur agenda des réunions ou occurrences retirées : personne ne reçoit de message (events.guest_mails)
}
sync-dry-done = { $count } changements seraient faits, { $failed } refusés, { $held } à trancher, { $mails } courriels aux invités. Appliquer : passerelle sync
sync-dry-stopped = { $count } changements seraient faits, { $failed } refusés, { $held } à trancher, { $mails } courriels aux invités. Ce qui est arrêté ci-dessus attend votre accord.
undo-dry-done = { $count } changements seraient faits, { $failed } refusés, { $held } à trancher, { $mails } courriels aux invités. Appliquer : la même commande sans --dry-run
sync-done = ✓ { $count ->
    [one] { $count } changement appliqué
   *[other] { $count } changements appliqués
}, { $failed ->
    [one] { $failed } refusé
   *[other] { $failed } refusés
}, { $held } à trancher, { $mails ->
    [one] { $mails } courriel aux invités
   *[other] { $mails } courriels aux invités
}.
sync-done-partly = { $count ->
    [one] { $count } changement appliqué
   *[other] { $count } changements appliqués
}, { $failed ->
    [one] { $failed } refusé
   *[other] { $failed } refusés
}, { $held } à trancher, { $mails ->
    [one] { $mails } courriel aux invités
   *[other] { $mails } courriels aux invités
} ; tout n'a pas été fait, voir ci-dessus.
sync-undo = Passage n° { $run } annulable : passerelle undo run { $run }
sync-decide = À trancher : passerelle conflicts

# status
status-nobody = Il n'y a pas encore d'utilisateur : passerelle user add alice
status-success = à jour au { $time }
status-except = à jour au { $time }, sauf
status-last = dernier passage complet le { $time }
status-failed = dernier passage complet le { $time }, et depuis un passage qui a échoué
status-losses = { $count } dont un côté ne peut pas tout garder
status-never = jamais synchronisé en entier
status-both = { $count } des deux côtés
status-due = { $count } en attente du prochain passage
status-unseen = modifications ici depuis : { $new ->
    [one] { $new } nouveau
   *[other] { $new } nouveaux
}, { $changed ->
    [one] { $changed } modifié
   *[other] { $changed } modifiés
}, { $deleted ->
    [one] { $deleted } supprimé
   *[other] { $deleted } supprimés
}
status-unknown = ce qui a changé ici depuis n'est pas connu : le prochain passage relit tout
status-there = Ce qui a changé chez Google depuis le dernier passage n'est pas connu avant le prochain.

# conflicts
conflicts-none = Rien n'attend de décision.
conflicts-next = Voir : passerelle conflicts show { $number }. Trancher : passerelle conflicts resolve { $number } { $answer }
conflicts-resolved = ✓ { $name } : votre réponse est gardée.
conflicts-sync = Le prochain passage l'applique : passerelle sync
conflict-clash = modifié des deux côtés : { $field }
conflict-answered = (tranché ; le prochain passage l'applique)
conflict-look-alike = peut-être la même que : { $name }
conflict-base = avant
conflict-local = société (local)
conflict-remote = Google (remote)

# history, undo
history-none = Il n'y a pas encore eu de passage.
history-next = Les changements d'un passage : passerelle history --run N. L'annuler : passerelle undo run N
history-quiet = Ce passage n'a rien changé.
history-sync = synchronisation
history-undo = annulation du passage { $run }
history-restore = remise en l'état du { $time }
history-answer = réponse
history-import = import
history-incomplete = n'est pas allé au bout
history-not-landed = non effectué
undo-ask = Annuler ainsi le passage { $run } ?
undo-stays = { $count ->
    [one] 1 fiche dont une partie n'a pas été annulée
   *[other] { $count } fiches dont une partie n'a pas été annulée
}
undo-stays-changed = quelqu'un l'a modifiée depuis
undo-stays-rules = les règles actuelles n'y permettent pas l'écriture
undo-stays-there = quelqu'un l'a saisie à nouveau
undo-stays-busy = une écriture précédente n'est pas terminée ; réessayez plus tard
undo-left = Laissées telles quelles, car modifiées depuis : { $count }

# import, export
import-bad = ligne { $line }, { $name } : { $reason }. { $mend }
import-bad-object = ligne { $line }, fiche { $nth }, { $name } : { $reason }. { $mend }
import-hollow = { $file } ne contient aucune fiche : il n'y a rien à importer.
import-seen-by-some = ligne { $line }, { $name } : est déjà ici, vue de { $users } seulement ; cela reste ainsi (contact { $id })
import-seen-by-all = ligne { $line }, { $name } : tout le monde la voit, et donc ce que ce fichier y ajoute (contact { $id })
import-seen-more = … et { $count } autres : --json les nomme toutes
import-seen-hint = Tout le monde voit un contact dès qu'aucune ligne de contact_users ne le nomme : docs/reference/importing.md
import-refused-preview = Un aperçu n'écrit aucun fichier : sans --dry-run les fiches écartées y seront.
import-older = ligne { $line }, { $name } : un état plus ancien d'une fiche de ce fichier, pas repris
import-older-than-here = ligne { $line }, { $name } : un état plus ancien de la fiche d'ici, pas repris ; --replace le reprend
import-alone = ligne { $line }, { $name } : une occurrence d'une série qui n'est pas ici, reprise comme un seul rendez-vous, sans la règle de sa série
import-joined = { $count ->
    [one] une occurrence modifiée ou une réponse a rejoint son rendez-vous
   *[other] { $count } occurrences modifiées ou réponses ont rejoint leur rendez-vous
}
import-beside = ligne { $line }, { $name } : ressemble à { $other }, qui est ici ({ $alike }), reprise comme une autre
import-beside-line = ligne { $line }, { $name } : ressemble à { $other }, ligne { $other-line } du fichier ({ $alike }), reprise comme une autre
alike-mail = même adresse e-mail
alike-tel = même numéro
alike-at = même heure et même titre
alike-name = même nom
alike-uid = même identifiant
import-twin = ligne { $line }, { $name } : ressemble à { $other }, qui est ici sous un autre identifiant, et a été reprise comme une autre ; avec --look-alikes update c'est celle-là
import-besides = { $count ->
    [one] une fiche ressemble à une autre et a été reprise à part
   *[other] { $count } fiches ressemblent à d'autres et ont été reprises à part
}
import-recognised = { $count ->
    [one] une fiche sans identifiant connu a été reconnue comme une de celles d'ici
   *[other] { $count } fiches sans identifiant connu ont été reconnues comme des fiches d'ici
}
import-done = nouvelles : { $created }, mises à jour : { $updated }, déjà là : { $unchanged }
import-dry-done = Rien n'a été écrit : c'était un aperçu.
import-of-calendar = De l'agenda lui-même, non repris : { $list }
import-leftovers = Gardé à côté des fiches, et réécrit par un export : { $list }
import-refused = Les fiches écartées sont dans { $file } : corrigez-le, puis importez-le.
import-refused-hint = Pour corriger les fiches écartées : importez de nouveau avec --refused FICHIER
import-would-create = ligne { $line }, serait nouvelle : { $name }
import-would-change = ligne { $line }, serait modifiée : { $name }
import-column-left = la colonne « { $column } » n'a pas été reprise ({ $count } lignes, p. ex. « { $example } ») ; gardée en texte avec chaque contact
import-ask-column = Qu'est-ce que la colonne « { $column } » ({ $count } lignes, p. ex. « { $example } ») ? portable, e-mail, notes … ; « - » l'ignore ; vide : garder en texte
import-column-twice = La colonne « { $meaning } » reçoit deux sens.
import-no-such-column = Il n'y a pas de colonne « { $meaning } » dans ce fichier.
import-not-a-heading = « { $meaning } » n'est pas compris.
import-zone = Le fuseau « { $zone } » n'est pas connu : pris pour { $taken } dans { $count ->
    [one] un rendez-vous (ligne { $line }, { $name })
   *[other] { $count } rendez-vous (le premier : ligne { $line }, { $name })
}
import-zone-otherwise = Le fichier décrit le fuseau « { $zone } » autrement que son nom ne le dit : pris pour { $taken } dans { $count ->
    [one] un rendez-vous (ligne { $line }, { $name })
   *[other] { $count } rendez-vous (le premier : ligne { $line }, { $name })
}
export-in-place = Aucun fichier ne peut être créé à côté de { $file } : il est remplacé aussitôt, et reste incomplet en cas d'échec.
export-done = ✓ { $count } écrites dans { $file }
reason-refused = les tables de l'entreprise la refusent : { $rule }
rule-count-and-interval = COUNT et INTERVAL d'une répétition valent au moins 1
rule-count-or-until = une répétition finit par COUNT ou par UNTIL, pas par les deux
rule-repetition = une répétition s'écrit FREQ=WEEKLY;BYDAY=MO
rule-group-name = un groupe a besoin d'un nom
rule-category = une catégorie n'est pas vide
rule-phone = un numéro de téléphone n'est pas vide
rule-email = une adresse e-mail n'est pas vide
rule-country-code = un code de pays a deux lettres
rule-end = un rendez-vous ne peut pas finir avant de commencer
rule-end-of-occurrence = une occurrence ne peut pas finir avant de commencer
rule-whole-days = un rendez-vous de jours entiers dure des jours entiers
rule-start = un début est un jour qui existe, ou un jour et une heure
mend-unterminated = Ajoutez sa ligne END, ou exportez-la de nouveau.
mend-no-begin = Ajoutez devant sa ligne BEGIN.
mend-malformed = Exportez-la de nouveau depuis le programme qui a écrit le fichier.
mend-unterminated-json = Fermez son accolade : le fichier finit au milieu.
mend-malformed-json = Corrigez-la en JSON : un objet entre accolades, ses textes entre guillemets.
mend-no-start-json = Donnez-lui un « start ».
mend-bad-date-json = Écrivez la date comme 2026-11-23T09:00:00.
mend-malformed-rule-json = Corrigez ses « recurrenceRules ».
mend-bad-recurrence-id-json = Donnez-lui le « recurrenceId » d'une occurrence, ou un « uid » à elle.
mend-duplicate-json = Donnez-lui un « uid » à elle si c'en est une autre.
mend-malformed-table = Corrigez ses guillemets et ses séparateurs.
mend-looks-alike-table = Corrigez-la, ou importez de nouveau avec --look-alikes update ou new.
mend-looks-like-several-table = Corrigez-la, ou importez de nouveau avec --look-alikes new.
mend-too-large = Retirez-en les grandes images.
mend-too-many = Faites-en plusieurs : une fiche a jusqu'à 20 000 éléments.
mend-unreadable = Vérifiez que le fichier est complet, puis importez-le de nouveau.
mend-empty = Donnez-lui un nom, une adresse ou un numéro, ou omettez-la.
mend-another-kind = Importez-la par l'autre commande, ou omettez-la : les tâches ne sont pas gérées.
mend-message = Importez le rendez-vous lui-même ; répondez ou décidez dans le programme qui a reçu le message.
mend-no-start = Donnez-lui un DTSTART.
mend-bad-date = Écrivez la date comme 20261123 ou 20261123T090000.
mend-unknown-zone = Nommez un fuseau tel que Europe/Paris.
mend-end-before-start = Corrigez sa fin.
mend-not-whole-days = Donnez-lui une fin à minuit, ou une heure de début.
mend-malformed-rule = Corrigez sa RRULE.
mend-bad-recurrence-id = Donnez-lui le RECURRENCE-ID d'une occurrence, ou un UID à elle.
mend-this-and-future = Terminez la série à cet endroit, et créez-en une nouvelle à partir de là.
mend-duplicate = Donnez-lui un UID à elle si c'en est une autre.
mend-looks-alike = Donnez-lui l'UID de cette fiche ou corrigez-la, ou importez de nouveau avec --look-alikes update ou new.
mend-looks-like-several = Donnez-lui l'UID de la bonne, ou importez de nouveau avec --look-alikes new.
mend-unclosed-quote = Fermez le guillemet, ou enlevez-le.
mend-series-set-aside = Corrigez d'abord sa série.
mend-refused = Corrigez la valeur que la règle nomme.
reason-unterminated = la fiche n'a pas de fin
reason-no-begin = des lignes d'une fiche qui ne commence nulle part
reason-malformed = la fiche est illisible
reason-too-large = la fiche est trop grande
reason-too-many = la fiche a trop d'éléments
reason-unreadable = le fichier ne peut être lu plus loin
reason-empty = la fiche est vide
reason-another-kind = elle est d'une autre sorte
reason-message = une réponse, une contre-proposition ou une question au sujet d'un rendez-vous, pas le rendez-vous lui-même
reason-no-start = le rendez-vous n'a pas de début
reason-bad-date = une date est illisible
reason-unknown-zone = le fuseau horaire est inconnu
reason-end-before-start = le rendez-vous finit avant de commencer
reason-not-whole-days = un rendez-vous d'un jour entier dure des jours entiers
reason-malformed-rule = la répétition est illisible
reason-bad-recurrence-id = une occurrence modifiée n'appartient pas à sa série
reason-this-and-future = la modification de toutes les occurrences suivantes ne peut être reprise
reason-duplicate-of = la fiche de la ligne { $line } du fichier a le même identifiant, est aussi récente, et dit autre chose
reason-duplicate = une autre fiche du fichier a le même identifiant et est aussi récente
reason-looks-alike = elle ressemble à une fiche d'ici, mais dit autre chose ({ $detail })
reason-looks-like-several = elle ressemble à plusieurs fiches d'ici ({ $detail })
reason-unclosed-quote = un guillemet (") ouvre un texte et n'est jamais fermé
reason-series-set-aside = la série de cette occurrence a été mise de côté
calendar-none = —
calendar-default = { $name } (par défaut)
calendar-apart = non tenu à jour
calendar-in-step = tenu à jour
calendar-from-there = depuis Google seulement : il y est en lecture seule
calendar-known = { $there } et { $here } sont déjà tenus à jour.
calendar-would-add = Seraient tenus à jour : { $there } chez Google et { $here } ici.
calendar-would-add-new = Seraient tenus à jour : { $there } chez Google et un nouvel agenda { $here } ici.
calendar-added = ✓ Tenus à jour désormais : { $there } chez Google et { $here } ici.
calendar-added-new = ✓ Tenus à jour désormais : { $there } chez Google et le nouvel agenda { $here } ici.
calendar-only-read = Il est en lecture seule chez Google : ses événements viennent ici, rien n'y part.
calendar-next = Ensuite : passerelle sync --user { $user } --dry-run
calendar-remove-ask = { $there } chez Google et { $here } ici ne seront plus tenus à jour ; { $count } rendez-vous restent des deux côtés. Continuer ?
calendar-would-remove = Ne seraient plus tenus à jour : { $there } chez Google et { $here } ici ({ $count } rendez-vous restent des deux côtés).
calendar-removed = ✓ Plus tenus à jour : { $there } chez Google et { $here } ici.
calendar-stays = Rien n'est supprimé : ce qui est dans { $there } reste chez Google, ce qui est dans { $here } reste ici ({ $count } des deux côtés). À nouveau : passerelle calendar add --user { $user } --calendar …
