"""A page of all charts of made results, for the browser; run by Streamlit with the theme of the app, as `?case=12`."""

import streamlit as st

from pages._ui import chrome
from tests.made_charts import made_figures

st.set_page_config(layout="wide")
chrome.frame()
with st.grid(2, min_column_width=330, gap="medium"):
    for name, figure in made_figures(st.query_params["case"]).items():
        with chrome.card(f"chart-{name}", name, fill=True):
            chrome.chart(figure, name)
