"""What the pages share.

Streamlit takes a folder named `pages` for its old way of finding pages until `st.navigation` has run once in the
process. The first visit after a start would then run a page without `app.py` around it, if it came by that page's own
address. Importing this package, which every page does first, ends that and draws the page again, within its frame.
"""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

if PagesManager.uses_pages_directory:
    PagesManager.uses_pages_directory = False
    st.rerun()
