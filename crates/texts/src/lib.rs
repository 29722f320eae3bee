//! Every text a person sees, in French and English, and the catalogue of errors.
