//! The tables, as the migrations make them: only the columns that are read or written here.

diesel::table! {
    app_users (id) {
        id -> Text,
        name -> Text,
        email -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    time_zones (name) {
        name -> Text,
    }
}

diesel::table! {
    change_log (seq) {
        seq -> BigInt,
        kind -> Text,
        item_id -> Text,
        user_id -> Text,
        deleted -> Bool,
        home -> Nullable<Text>,
    }
}

diesel::table! {
    passerelle_unfollowed (appointment_id) {
        appointment_id -> Text,
        start_kind -> Text,
        start_local -> Text,
        start_zone -> Nullable<Text>,
        rules -> Text,
        names -> Text,
        dates -> Text,
    }
}

diesel::table! {
    passerelle_dropped (number) {
        number -> BigInt,
        appointment_id -> Text,
        occurrence -> Text,
        title -> Text,
        told -> Bool,
    }
}

diesel::table! {
    passerelle_parked (parent, part, item) {
        parent -> Text,
        part -> Text,
        item -> BigInt,
        body -> Text,
        kept -> Bool,
    }
}

diesel::table! {
    passerelle_gone (parent, part, name) {
        parent -> Text,
        part -> Text,
        name -> Text,
        body -> Text,
    }
}

diesel::table! {
    passerelle_served (user_id) {
        user_id -> Text,
        number -> BigInt,
    }
}

diesel::table! {
    contacts (number) {
        number -> BigInt,
        id -> Text,
        uid -> Text,
        name_prefix -> Text,
        given_name -> Text,
        middle_name -> Text,
        name_particle -> Text,
        surname -> Text,
        name_suffix -> Text,
        phonetic_given_name -> Text,
        phonetic_surname -> Text,
        full_name -> Text,
        organization -> Text,
        job_title -> Text,
        department -> Text,
        birthday -> Text,
        anniversary -> Text,
        notes -> Text,
        photo -> Text,
        private -> Bool,
        leftovers -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    contact_emails (id) {
        id -> BigInt,
        contact_id -> Text,
        address -> Text,
        label -> Text,
        preferred -> Bool,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_phones (id) {
        id -> BigInt,
        contact_id -> Text,
        number -> Text,
        label -> Text,
        preferred -> Bool,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_addresses (id) {
        id -> BigInt,
        contact_id -> Text,
        label -> Text,
        street -> Text,
        extended -> Text,
        po_box -> Text,
        postcode -> Text,
        city -> Text,
        region -> Text,
        country -> Text,
        country_code -> Text,
        preferred -> Bool,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_urls (id) {
        id -> BigInt,
        contact_id -> Text,
        label -> Text,
        url -> Text,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_ims (id) {
        id -> BigInt,
        contact_id -> Text,
        service -> Text,
        handle -> Text,
        label -> Text,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_dates (id) {
        id -> BigInt,
        contact_id -> Text,
        label -> Text,
        date -> Text,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_relations (id) {
        id -> BigInt,
        contact_id -> Text,
        relation -> Text,
        name -> Text,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_organizations (id) {
        id -> BigInt,
        contact_id -> Text,
        name -> Text,
        title -> Text,
        department -> Text,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_nicknames (id) {
        id -> BigInt,
        contact_id -> Text,
        nickname -> Text,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_custom_fields (id) {
        id -> BigInt,
        contact_id -> Text,
        name -> Text,
        value -> Text,
        ordinal -> BigInt,
        repetition -> BigInt,
    }
}

diesel::table! {
    contact_groups (id) {
        id -> BigInt,
        name -> Text,
    }
}

diesel::table! {
    contact_group_members (id) {
        id -> BigInt,
        contact_id -> Text,
        group_id -> BigInt,
        ordinal -> BigInt,
    }
}

diesel::table! {
    contact_users (contact_id, user_id) {
        contact_id -> Text,
        user_id -> Text,
    }
}

diesel::table! {
    appointments (number) {
        number -> BigInt,
        id -> Text,
        owner_id -> Text,
        uid -> Text,
        title -> Text,
        description -> Text,
        location -> Text,
        start_kind -> Text,
        start_local -> Text,
        start_zone -> Nullable<Text>,
        duration_days -> BigInt,
        duration_seconds -> BigInt,
        use_default_alerts -> Bool,
        privacy -> Text,
        free_busy -> Text,
        status -> Text,
        color -> Text,
        url -> Text,
        conference_url -> Text,
        leftovers -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        calendar_id -> Nullable<Text>,
    }
}

diesel::table! {
    appointment_participants (id) {
        id -> BigInt,
        appointment_id -> Text,
        occurrence -> Text,
        email -> Text,
        name -> Text,
        role -> Text,
        participation_status -> Text,
        resource -> Bool,
        organizer -> Bool,
        comment -> Text,
    }
}

diesel::table! {
    appointment_alerts (id) {
        id -> BigInt,
        appointment_id -> Text,
        occurrence -> Text,
        action -> Text,
        minutes_before -> Integer,
    }
}

diesel::table! {
    appointment_rules (id) {
        id -> BigInt,
        appointment_id -> Text,
        excludes -> Bool,
        rule -> Text,
    }
}

diesel::table! {
    appointment_dates (id) {
        id -> BigInt,
        appointment_id -> Text,
        date -> Text,
    }
}

diesel::table! {
    appointment_overrides (id) {
        id -> BigInt,
        appointment_id -> Text,
        occurrence -> Text,
        cancelled -> Bool,
        title -> Nullable<Text>,
        description -> Nullable<Text>,
        location -> Nullable<Text>,
        start_kind -> Nullable<Text>,
        start_local -> Nullable<Text>,
        start_zone -> Nullable<Text>,
        duration_days -> Nullable<BigInt>,
        duration_seconds -> Nullable<BigInt>,
        status -> Nullable<Text>,
        free_busy -> Nullable<Text>,
        color -> Nullable<Text>,
        own_participants -> Bool,
        own_alerts -> Bool,
        privacy -> Nullable<Text>,
        url -> Nullable<Text>,
        conference_url -> Nullable<Text>,
        categories -> Nullable<Text>,
        use_default_alerts -> Nullable<Bool>,
    }
}

diesel::table! {
    appointment_categories (id) {
        id -> BigInt,
        appointment_id -> Text,
        category -> Text,
    }
}

diesel::table! {
    passerelle_settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    calendars (id) {
        id -> Text,
        owner_id -> Text,
        name -> Text,
        color -> Text,
        zone -> Nullable<Text>,
        is_default -> Bool,
    }
}

diesel::table! {
    passerelle_accounts (id) {
        id -> Text,
        user_id -> Text,
        provider -> Text,
        subject -> Text,
        email -> Text,
        scopes -> Text,
        state -> Text,
        authorised_at -> Timestamp,
    }
}

diesel::table! {
    passerelle_pairs (id) {
        id -> Text,
        user_id -> Text,
        kind -> Text,
        account_id -> Text,
        provider -> Text,
        subject -> Text,
        collection -> Text,
        name -> Text,
        rules -> Text,
        enabled -> Bool,
        calendar_id -> Nullable<Text>,
    }
}

diesel::table! {
    passerelle_former_users (number) {
        number -> BigInt,
        contact_id -> Text,
        user_id -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    passerelle_local_keys (kind, item_id) {
        kind -> Text,
        item_id -> Text,
        create_key -> Nullable<Text>,
        made -> Nullable<Text>,
        stamp -> Nullable<Text>,
        lineage -> Nullable<Text>,
    }
}

diesel::table! {
    passerelle_outcomes (entry_id) {
        entry_id -> Text,
        kind -> Text,
        item_id -> Text,
        written -> Text,
    }
}

diesel::table! {
    passerelle_pair_states (pair) {
        pair -> Text,
        kind -> Text,
        local_cursor -> Nullable<Text>,
        remote_cursor -> Nullable<Text>,
        rules -> Nullable<Text>,
        labels -> Nullable<Text>,
    }
}

diesel::table! {
    passerelle_leases (pair) {
        pair -> Text,
        holder -> Text,
        until -> Timestamp,
    }
}

diesel::table! {
    passerelle_runs (id) {
        id -> BigInt,
        kind -> Text,
        pair -> Text,
        purpose -> Text,
        started -> Timestamp,
        finished -> Nullable<Timestamp>,
        summary -> Text,
    }
}

diesel::table! {
    passerelle_links (id) {
        id -> Text,
        kind -> Text,
        pair -> Text,
        due -> Bool,
        looks -> Bool,
        blocked -> Bool,
        half -> Text,
        state -> Text,
        held -> Bool,
        attention -> Bool,
        seen -> BigInt,
        alive -> BigInt,
        root -> Nullable<Text>,
        body -> Text,
    }
}

diesel::table! {
    passerelle_copies (link, side) {
        link -> Text,
        side -> Text,
        kind -> Text,
        pair -> Text,
        item -> Text,
        sequence -> BigInt,
        gone -> Bool,
        look -> Bool,
        met -> BigInt,
        stored -> Text,
    }
}

diesel::table! {
    passerelle_match_keys (link, side, key) {
        link -> Text,
        side -> Text,
        pair -> Text,
        key -> Text,
    }
}

diesel::table! {
    passerelle_strangers (pair, side, item) {
        pair -> Text,
        side -> Text,
        item -> Text,
        trail -> Text,
        gone -> Nullable<Timestamp>,
        look -> Bool,
    }
}

diesel::table! {
    passerelle_entries (number) {
        number -> BigInt,
        id -> Text,
        kind -> Text,
        pair -> Text,
        run -> BigInt,
        link -> Text,
        side -> Text,
        from_item -> Nullable<Text>,
        item -> Nullable<Text>,
        opened -> Timestamp,
        is_open -> Bool,
        body -> Text,
        outcome -> Text,
    }
}

diesel::table! {
    passerelle_numbers (number) {
        number -> BigInt,
        link -> Text,
    }
}

diesel::table! {
    passerelle_pictures (name) {
        name -> Text,
        picture -> Binary,
        kept_at -> Timestamp,
    }
}

diesel::table! {
    passerelle_purges (number) {
        number -> BigInt,
        at -> Timestamp,
        kind -> Text,
        before -> Timestamp,
        entries -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(contacts, contact_users);
diesel::allow_tables_to_appear_in_same_query!(contact_groups, contact_group_members);
diesel::allow_tables_to_appear_in_same_query!(contacts, contact_emails);
diesel::allow_tables_to_appear_in_same_query!(appointments, passerelle_dropped);
diesel::allow_tables_to_appear_in_same_query!(passerelle_links, passerelle_copies, passerelle_match_keys);
diesel::allow_tables_to_appear_in_same_query!(passerelle_runs, passerelle_entries);
