# L'autorisation : les trois voies sans navigateur, changer de compte, comptes de service.
connect-three-ways = Pas de navigateur à ouvrir sur cet ordinateur. Trois voies ; la première qui aboutit compte :
connect-way-tunnel = 1) Depuis votre propre ordinateur, dans un autre terminal, puis ouvrez-y l'adresse ci-dessous :
connect-way-sealed = 2) Sur un ordinateur qui a passerelle et un navigateur ; il donne un code scellé pour cette seule demande, à coller ici :
connect-way-paste = 3) Ouvrez l'adresse n'importe où ; à la fin le navigateur montre une page inaccessible : collez ici son adresse entière.
connect-address = Adresse :
connect-paste = Collez ici, ou attendez :
connect-not-the-answer = Ce n'est pas la réponse à cette demande ; rien n'a été accepté. L'attente continue …
connect-pair-withheld = ✗ { $name } : désactivé tant que l'accès n'est pas accordé
connect-delegation =
    Le compte de service agit pour une personne. L'administrateur Workspace l'autorise une fois, dans la console
    d'administration (Sécurité, Commandes des API, Délégation au niveau du domaine), pour l'identifiant client
    { $client } avec exactement ces accès :
    { $scopes }
account-replace-ask = { $user } va quitter { $account }. Rien n'est supprimé, ni ici ni chez Google ; le nouveau compte repart d'un premier passage. L'ancienne autorisation est rendue.
ask-type-name = Tapez { $name } pour continuer :
credential-replaced = ✓ Google accepte le nouveau secret ; il est gardé pour { $user }. L'ancien peut être supprimé dans la console, et le fichier aussi.
authorize-done = Voici le code pour l'autre ordinateur, scellé. Collez-le là-bas dans les minutes qui suivent :
# Le parcours dans la console de Google.
guide-ask-workspace = Pour { $user } : est-ce une adresse Google Workspace de votre société ?
guide-internal = → Choisissez l'audience « Interne » : pas de page d'avertissement, pas de limite de sept jours ni de nombre.
guide-external = → Choisissez l'audience « Externe » et cliquez « Publier l'application » avant la première autorisation : en mode « Test », chacune s'arrête au bout de sept jours.
guide-skip = Si vous avez déjà le JSON d'un client « Application de bureau », passez à la question finale. Sinon, une fois pour toute la société :
guide-project = 1. Un projet : un nom, « Créer ». Gardez ce seul projet pour toute la suite.
guide-apis = 2. Les deux services qu'il peut utiliser : « Activer » sur chaque page, puis attendez deux minutes.
guide-branding = 3. Sous quel nom il se présente : « Commencer », un nom connu de vos collaborateurs, une adresse d'assistance, l'audience, « Créer ».
guide-audience-internal = 4. L'audience : la page doit afficher « Interne ».
guide-audience-external = 4. L'audience : « Externe », puis « Publier l'application ». (Tant qu'elle reste en mode « Test », chacun doit figurer parmi les « Utilisateurs tests ».)
guide-scopes = 5. Ce qu'il peut demander : « Ajouter ou supprimer des champs d'application », collez ces trois lignes dans la zone sous la liste, ajoutez-les au tableau, « Mettre à jour », « Enregistrer » :
     {"     "}https://www.googleapis.com/auth/calendar.events
     {"     "}https://www.googleapis.com/auth/calendar.calendarlist.readonly
     {"     "}https://www.googleapis.com/auth/contacts
guide-client = 6. « Créer un client » : type « Application de bureau », « Créer », puis « Télécharger le fichier JSON » aussitôt : Google ne montre le secret que maintenant.
guide-warning-page = Une page d'avertissement viendra : « Google n'a pas validé cette application ». C'est la vôtre : « Paramètres avancés », puis « Accéder à … (non sécurisé) ».
guide-ask-file = Le JSON téléchargé (déposez-le ici, ou son chemin) :
guide-client-good = ✓ type « Application de bureau »   ✓ projet { $project }
disconnected-delegation = ✓ { $account } : ses secrets sont détruits. La délégation, elle, se retire dans la console d'administration : https://admin.google.com/ac/owl/domainwidedelegation
connect-key-moved = ✓ La clé du compte de service est au coffre : vous pouvez supprimer le fichier.
disconnected-shared = ✓ { $account } : les secrets de cet utilisateur sont détruits. Un autre utilisateur a le même compte Google : l'autorisation reste valable pour lui.
connect-calendars-later = Le compte est connecté, sans agenda pour l'instant. Une fois cela réparé, choisissez à nouveau : passerelle calendar add --user { $user } --calendar …
connect-limit = { $seconds ->
    [one] { $seconds } seconde
   *[other] { $seconds } secondes
}
sync-disconnected = { $user } a été déconnecté et reste à part. Pour reprendre : passerelle connect google --user { $user }
connect-waits = L'autorisation est gardée. Un passage est en cours ; j'attends sa fin …
