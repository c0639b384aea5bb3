"""Pages of docs/ that are made from the code, so that they cannot say anything else: `make docs` writes them anew."""

from tests.support.documents.configuration import configuration_page
from tests.support.documents.field_mapping import field_mapping_page

PAGES = {"configuration.md": configuration_page, "field-mapping.md": field_mapping_page}
"""The pages, by file name, each with the function that returns its text."""
