# Mots employés partout.
article-why = Cause
article-do = À faire
article-more = Détail
count-contacts = { $count ->
    [one] { $count } contact
   *[other] { $count } contacts
}
