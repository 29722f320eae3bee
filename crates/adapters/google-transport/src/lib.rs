//! HTTPS to Google: consent, tokens, retries, pacing, error bodies.
