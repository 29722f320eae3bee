UPDATE appointment_participants SET email = name || ' (' || id || ')' WHERE email = '';
DROP INDEX "a guest is invited once";
CREATE UNIQUE INDEX "a guest is invited once" ON appointment_participants (appointment_id, occurrence, lower(email));
