# Le coffre : d'où vient sa clé.
init-ask-key-source = D'où vient la clé du coffre :
init-key-file = un fichier pour vous seul
init-key-passphrase = une phrase secrète, demandée à chaque ouverture du coffre
init-key-command = une commande qui affiche la clé (le trousseau de la société)
init-key-keyring = le trousseau de cette session
init-key-systemd = un secret remis par systemd (conseillé pour un service)
init-ask-key-command = La commande qui affiche la clé :
init-vault-other = ✓ Coffre, ouvert par : { $source }
init-ask-user = Premier utilisateur (le nom à taper, comme alice ; vide pour plus tard) :
init-next-connect = Ensuite : passerelle connect google --user { $user }
vault-ask-passphrase = Phrase secrète du coffre :
vault-ask-new-passphrase = Nouvelle phrase secrète du coffre (12 caractères ou plus) :
vault-ask-again = Encore une fois :
vault-passphrases-differ = Les deux ne sont pas les mêmes.
vault-status = Coffre dans { $dir } : { $count ->
    [one] { $count } secret
   *[other] { $count } secrets
}, clé donnée par : { $source }
vault-rotating = ! Un changement de clé s'est arrêté en route ; le coffre s'ouvre. Pour finir : passerelle vault rotate
vault-weak = ! La phrase secrète est moins bien gardée qu'elle ne devrait : passerelle vault rotate
vault-damaged = ✗ Ce fichier ne s'ouvre pas : { $file }
vault-rotated = ✓ Nouvelle clé ({ $source }) ; { $count ->
    [one] { $count } secret réenveloppé
   *[other] { $count } secrets réenveloppés
}.
vault-rotated-deep = ✓ { $count ->
    [one] { $count } secret rescellé
   *[other] { $count } secrets rescellés
} ; clé donnée par : { $source }.
vault-settings-changed = ✓ Réglages modifiés en conséquence : { $file }
vault-passphrase-asked = La phrase secrète est maintenant demandée à chaque ouverture du coffre. Pour les passages sans personne : vault.passphrase_file dans les réglages.
ask-select = ↑↓ pour choisir, Entrée pour valider
source-file = un fichier
source-passphrase = une phrase secrète
source-keyring = le trousseau de la session
source-command = une commande
source-systemd = systemd
vault-key-left = Le fichier de clé { $file } n'ouvre plus rien : vous pouvez le supprimer.
