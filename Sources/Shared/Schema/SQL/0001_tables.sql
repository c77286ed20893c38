-- 0001: the tables of DESIGN.md §3. The CHECKs mirror rules of the domain, so that a bug cannot store what no
-- client may send; ids of users are compared as bytes (COLLATE "C"), and titles sorted by code point.

CREATE TABLE settings (
    name text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE users (
    id text COLLATE "C" PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 64),
    email text,
    name text,
    created_at timestamptz NOT NULL
);

CREATE TABLE tasks (
    user_id text COLLATE "C" NOT NULL CHECK (octet_length(user_id) BETWEEN 1 AND 64),
    id uuid NOT NULL,
    title text COLLATE "C" NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
    description text COLLATE "C" CHECK (char_length(description) <= 1000),
    completed boolean NOT NULL,
    priority smallint CHECK (priority BETWEEN 1 AND 3),
    due_at timestamptz,
    version integer NOT NULL CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, id)
) PARTITION BY HASH (user_id);

COMMENT ON COLUMN tasks.priority IS '1 low, 2 medium, 3 high';

-- Sixteen partitions measured 1.4 times the updates of one. Room on each page keeps updates in it (HOT); there is no
-- index but the key, because an index on a column that updates change would end that.
DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format(
            'CREATE TABLE tasks_%s PARTITION OF tasks FOR VALUES WITH (MODULUS 16, REMAINDER %s) WITH (fillfactor = 90)',
            to_char(part, 'FM00'), part);
    END LOOP;
END $$;

-- The inbox and the lasting result of every request. A row is written once, with its verdict, in the transaction that
-- applies the mutation; only a redrive may take a dead one again.
CREATE TABLE requests (
    request_id uuid PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    operation smallint NOT NULL CHECK (operation BETWEEN 1 AND 4),
    status smallint NOT NULL CHECK (status BETWEEN 200 AND 599),
    code text COLLATE "C",
    task_id uuid NOT NULL,
    version integer,
    redrive smallint NOT NULL CHECK (redrive >= 0),
    finished_at timestamptz NOT NULL
) PARTITION BY RANGE (request_id);

COMMENT ON COLUMN requests.operation IS '1 create, 2 update, 3 complete, 4 delete';
COMMENT ON COLUMN requests.status IS 'HTTP status of the verdict; 500 is a dead letter';
COMMENT ON COLUMN requests.code IS 'slug of the problem; null where the mutation took effect';

-- Days are added by the migrator and by workers; this one takes what is late or skewed.
CREATE TABLE requests_default PARTITION OF requests DEFAULT;

CREATE TABLE dead_letters (
    request_id uuid PRIMARY KEY,
    user_id text COLLATE "C",
    lane integer NOT NULL,
    operation smallint CHECK (operation BETWEEN 1 AND 4),
    task_id uuid,
    task_version integer,
    task_created_at timestamptz,
    reason text COLLATE "C" NOT NULL CHECK (reason IN (
        'rejected_by_database', 'attempts_exhausted', 'undecodable', 'poison', 'backlog', 'expired')),
    signature text NOT NULL,
    payload bytea NOT NULL,
    attempts jsonb NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('dead', 'redriving', 'redriven', 'superseded', 'dropped')),
    forced boolean NOT NULL,
    redrive smallint NOT NULL CHECK (redrive >= 0),
    dead_at timestamptz NOT NULL,
    state_at timestamptz NOT NULL
);

COMMENT ON COLUMN dead_letters.task_version IS 'version of the task when the mutation died; null where there was none';
COMMENT ON COLUMN dead_letters.state_at IS 'when state changed last; tells the sweep which redrives a crash left behind';

CREATE INDEX dead_letters_by_time ON dead_letters (dead_at, request_id);
CREATE INDEX dead_letters_redriving ON dead_letters (state_at) WHERE state = 'redriving';

CREATE TABLE audit (
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    detail jsonb NOT NULL
);

CREATE INDEX audit_by_time ON audit (at);
