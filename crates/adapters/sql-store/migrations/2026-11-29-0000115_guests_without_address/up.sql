-- A guest without an address has none, whatever else is known: several of them may be invited. What stood in the place
-- of an address was the name.
DROP INDEX "a guest is invited once";
CREATE UNIQUE INDEX "a guest is invited once" ON appointment_participants (appointment_id, occurrence, lower(email)) WHERE email <> '';
UPDATE appointment_participants SET name = email WHERE name = '' AND email <> ''
    AND instr(email, '@') = 0 AND instr(email, ':') = 0 AND substr(email, 1, 1) <> '/';
UPDATE appointment_participants SET email = '' WHERE email <> ''
    AND instr(email, '@') = 0 AND instr(email, ':') = 0 AND substr(email, 1, 1) <> '/';
