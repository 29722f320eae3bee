# Words used everywhere.
article-why = Why
article-do = Do
article-more = More
count-contacts = { $count ->
    [one] { $count } contact
   *[other] { $count } contacts
}
