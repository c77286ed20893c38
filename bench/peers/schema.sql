-- What the peers store to: the plain table that such an application has, without our partitions and inbox.
DROP TABLE IF EXISTS peer_tasks;
CREATE TABLE peer_tasks (
    user_id text NOT NULL, id uuid NOT NULL, title text NOT NULL, description text, completed boolean NOT NULL,
    priority text, due_at timestamptz, version integer NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL, PRIMARY KEY (user_id, id)
);
