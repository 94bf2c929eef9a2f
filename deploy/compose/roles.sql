-- Run once by the PostgreSQL image, when its volume is new: the role that owns the tables and migrates, and the server's own,
-- to which `gazette migrate` gives its rights.
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv server_password DATABASE_PASSWORD
CREATE ROLE gazette_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE gazette LOGIN PASSWORD :'server_password';
CREATE DATABASE gazette OWNER gazette_owner;
