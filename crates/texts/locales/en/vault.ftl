# The vault: where its key comes from.
init-ask-key-source = Where the key of the vault comes from:
init-key-file = a file for you alone
init-key-passphrase = a passphrase, asked for whenever the vault is opened
init-key-command = a command that prints the key (a company's own key store)
init-key-keyring = the key store of this session
init-key-systemd = a credential that systemd hands over (recommended for a service)
init-ask-key-command = The command that prints the key:
init-vault-other = ✓ Vault, opened by: { $source }
init-ask-user = First app user (the name to type, such as alice; empty for later):
init-next-connect = Next: passerelle connect google --user { $user }
vault-ask-passphrase = Passphrase of the vault:
vault-ask-new-passphrase = New passphrase of the vault (12 characters or more):
vault-ask-again = Once more:
vault-passphrases-differ = The two are not the same.
vault-status = Vault in { $dir }: { $count ->
    [one] { $count } secret
   *[other] { $count } secrets
}, key from: { $source }
vault-rotating = ! A rotation was stopped half-way; the vault opens. Finish it: passerelle vault rotate
vault-weak = ! The passphrase is guarded by less than it should be: passerelle vault rotate
vault-damaged = ✗ This file does not open: { $file }
vault-rotated = ✓ New key ({ $source }); { $count ->
    [one] { $count } secret
   *[other] { $count } secrets
} wrapped anew.
vault-rotated-deep = ✓ { $count ->
    [one] { $count } secret
   *[other] { $count } secrets
} sealed anew; key from: { $source }.
vault-settings-changed = ✓ Settings changed accordingly: { $file }
vault-passphrase-asked = From now on the passphrase is asked for whenever the vault is opened. For runs that nobody attends: vault.passphrase_file in the settings.
ask-select = ↑↓ to choose, Enter to take it
source-file = a file
source-passphrase = a passphrase
source-keyring = the session's key store
source-command = a command
source-systemd = systemd
vault-key-left = The key file { $file } opens nothing any more: you may delete it.
