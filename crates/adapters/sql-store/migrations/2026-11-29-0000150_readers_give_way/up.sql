-- Who saw a contact that was deleted and is inserted anew is known again (137). A program that inserts these rows as well
-- says the same once more: the row that came back gives way to its own.
CREATE TRIGGER contact_users_known_again_give_way BEFORE INSERT ON contact_users
WHEN EXISTS (
        SELECT 1 FROM passerelle_gone WHERE parent = NEW.contact_id AND part = 'user' AND name = NEW.user_id)
    AND NOT EXISTS (SELECT 1 FROM passerelle_settings WHERE name = 'parts.back')
BEGIN
    DELETE FROM contact_users WHERE contact_id = NEW.contact_id AND user_id = NEW.user_id;
END;
