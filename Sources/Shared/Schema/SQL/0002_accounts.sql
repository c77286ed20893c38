-- 0002: accounts of those who have no issuer of their own (TASKLANE_ACCOUNTS), and the keys of services.

CREATE TABLE accounts (
    user_id text COLLATE "C" PRIMARY KEY CHECK (octet_length(user_id) BETWEEN 1 AND 64),
    email text COLLATE "C" NOT NULL CHECK (octet_length(email) BETWEEN 3 AND 254),
    -- The address in lower case. Addresses are ASCII, so no letter outside it (the Kelvin sign) folds into one.
    email_key text COLLATE "C" NOT NULL UNIQUE CHECK (email_key = lower(email COLLATE "C")),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    password_hash text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- A login and all refresh tokens that follow from it. Only the hash of the newest token is kept: any other token of
-- the session is an old one, and whoever shows it has stolen it or was stolen from.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL REFERENCES accounts ON DELETE CASCADE,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    refreshed_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL CHECK (octet_length(user_id) BETWEEN 1 AND 64),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    hint text COLLATE "C" NOT NULL,
    key_hash bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

COMMENT ON COLUMN api_keys.hint IS 'the first letters of the key, by which its owner can tell it from others';
