-- What a file says, and what it comes to. Both tables outlive a transaction, since somebody is asked before
-- anything is changed. No semicolons but at the end of a statement: it is cut there.
create temporary table imported (file_row integer, kind text, alma_id text, folio_id text, sound boolean);
create temporary table proposed (
  file_row integer, kind text, alma_id text, folio_id text,
  effect text,       -- set, change, separate, same, or unsound where the FOLIO id of the row is none
  link_id bigint,    -- the link of this record of Alma as it is
  package_key text,  -- where a portfolio stands: its collection and its bib, as far as Alma's reading tells
  title_key text
);
copy imported (file_row, kind, alma_id, folio_id, sound) from stdin;
