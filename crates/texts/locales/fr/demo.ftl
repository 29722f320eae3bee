# L'histoire de « passerelle demo ».
demo-checked =
    ✓ Les deux côtés, relus séparément : { $contacts } contacts et { $events } rendez-vous chacun.
    ✓ Le dernier passage : { $writes } écriture(s), { $requests } requête(s), { $mails } courriel(s) aux invités.
demo-conflict = 5. Une question attend une personne.
demo-conflict-answer = La valeur de la société est gardée. L'autre reste dans l'historique.
demo-conflict-values = { $who }, { $field } : avant « { $base } », société « { $local } », Google « { $remote } »
demo-edits = 3. Les deux côtés continuent de travailler.
demo-edit-clash = • Les deux côtés changent les notes de { $who } : le même champ.
demo-edit-delete = • Sur le téléphone, { $who } est supprimé par erreur.
demo-edit-delete-event = • Dans le logiciel de la société, « { $what } » est supprimé en simple SQL.
demo-edit-fields = • { $who } : une nouvelle fonction dans le logiciel de la société, un surnom sur le téléphone : des champs différents.
demo-edit-occurrence = • Sur le téléphone, une visite de « { $what } » est décalée de trois heures.
demo-edit-split = • Sur le téléphone, « { $what } » change pour cette visite et toutes les suivantes.
demo-first-look = 1. Premier regard : que ferait une synchronisation ? Rien n'est écrit.
demo-first-sync = 2. Première synchronisation. Un premier passage ne supprime jamais.
demo-kept = Tout est gardé dans { $folder }. Pour regarder : passerelle --config { $config } status
demo-other-side = ✗ { $what } : { $local } dans la base de la société, { $remote } chez Google
demo-pair =
    { $kind ->
        [contacts] contacts
       *[other] rendez-vous
    } : vers la société +{ $lc } ~{ $lu } −{ $ld } · vers Google +{ $rc } ~{ $ru } −{ $rd } · rapprochés { $matched } · à trancher { $held }
demo-quiet = 7. Un dernier passage, qui n'a rien à faire.
demo-second-sync = 4. Deuxième synchronisation.
demo-serving = Le faux Google reste à l'adresse { $url } jusqu'à Ctrl-C.
demo-story =
    Une société fictive : { $contacts } contacts et { $events } rendez-vous, en partie déjà chez un faux Google,
    avec de petites différences. Tout dans ce programme : rien ne sort de cet ordinateur.
demo-undo = 6. La suppression était une erreur : le passage n° { $run } est annulé. { $who } est de retour des deux côtés.
demo-not-empty = le dossier n'est pas vide
