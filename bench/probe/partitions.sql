-- The days' partitions that workers would make, for tables made by Sources/Shared/Schema/SQL/0001_tables.sql.
DO $$
DECLARE day bigint := floor(extract(epoch FROM now() AT TIME ZONE 'UTC') / 86400); low text; high text;
BEGIN
    FOR i IN -7..2 LOOP
        low := lpad(to_hex((day + i) * 86400000), 12, '0') || repeat('0', 20);
        high := lpad(to_hex((day + i + 1) * 86400000), 12, '0') || repeat('0', 20);
        EXECUTE format('CREATE TABLE requests_%s PARTITION OF requests FOR VALUES FROM (%L) TO (%L)',
            i + 7, low::uuid, high::uuid);
    END LOOP;
END $$;
