SELECT value FROM settings WHERE name = 'inbox_since'
