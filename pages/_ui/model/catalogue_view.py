"""The timm catalogue: a search, the choice of an architecture, and of its weights."""

import pandas as pd
import streamlit as st

from engine import PRETRAINED, CatalogueEntry, TimmModel, Upload, catalogue_entry, search_models
from engine.wording import many
from pages._ui import chrome, forms, row_selection, state
from pages._ui.model import weights_view
from pages._ui.wording import count, plain

ANY = "Any family"
WEIGHTS = {"pretrained": "Pretrained", "random": "Random", "upload": "My own file"}
SHAPE = ("num_classes", "in_chans", "img_size")


@st.cache_data(max_entries=64, show_spinner=False)
def _table(text: str) -> pd.DataFrame:
    """The matching architectures. It is cached for all sessions: the catalogue holds no data of a user."""
    return pd.DataFrame(
        [
            (
                e.name,
                e.family,
                e.parameters / 1e6,
                e.macs / 1e9,
                "×".join(str(n) for n in e.input_size[1:]),
                list(e.pretrained_tags),
            )
            for e in search_models(text)
        ],
        columns=["name", "family", "parameters", "macs", "input", "tags"],
    )


def choose() -> None:
    """Draws search, table and weights; writes the model into the draft."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            type="search",
            live="300ms",
            placeholder="resnet, mobilenet, vit tiny …",
            icon=":material/search:",
            key="search",
            bind="query-params",
        )
        families = _table("")["family"].unique().tolist()
        family = st.selectbox("Family", [ANY, *sorted(families)], key="family", width=220)
        largest = st.number_input(
            "At most, M parameters",
            min_value=0.1,
            value=None,
            step=5.0,
            format="%g",
            placeholder="no limit",
            key="largest",
            width=190,
        )
        pretrained = st.toggle("With pretrained weights", key="pretrained")
    rows = _table(text or "")
    matches = pd.Series(True, index=rows.index)
    if family != ANY:
        matches &= rows["family"] == family
    if largest is not None:
        matches &= rows["parameters"] <= largest
    if pretrained:
        matches &= rows["tags"].str.len() > 0
    rows = rows[matches]
    st.caption(f"{many(len(rows), 'architecture')}. Select one to choose its weights.")
    name = _pick(rows)
    entry = catalogue_entry(name) if name else None
    if entry:
        _weights(entry)
    _hub()
    weights_view.identify()


def _pick(rows: pd.DataFrame) -> str | None:
    """Draws the table; the name of the selected architecture, else of the draft's."""
    event = st.dataframe(
        rows,
        hide_index=True,
        on_select="rerun",
        selection_mode=row_selection.MODES,
        key=state.key("catalogue"),
        height=min(300, 37 + 35 * max(len(rows), 1)),
        alt="timm architectures that match the search",
        column_config={
            "name": st.column_config.TextColumn("Name", pinned=True),
            "family": "Family",
            "parameters": st.column_config.NumberColumn("Parameters", format="%.1f M"),
            "macs": st.column_config.NumberColumn("MACs", format="%.2f G"),
            "input": "Input",
            "tags": st.column_config.ListColumn("Pretrained tags"),
        },
    )
    row = row_selection.selected_row(event, len(rows))
    if row is not None:
        return str(rows.iloc[row]["name"])
    model = state.draft().model
    return model.name.split(".")[0] if isinstance(model, TimmModel) else None


def _weights(entry: CatalogueEntry) -> None:
    """Draws the choice of weights and shape, and the button that uses them."""
    chosen = _chosen(entry)
    with chrome.card("weights", plain(entry.name), f"{count(entry.parameters)} parameters, {count(entry.macs)} MACs"):
        kinds = [kind for kind in WEIGHTS if kind != "pretrained" or entry.pretrained_tags]
        kind = st.segmented_control(
            "Weights",
            kinds,
            default=_kind(chosen) if _kind(chosen) in kinds else kinds[0],
            required=True,
            key=state.key(f"weights-{entry.name}"),
            format_func=WEIGHTS.__getitem__,
        )
        name, upload = entry.name, None
        if kind == "pretrained":
            chosen_tag = chosen.name.partition(".")[2] if chosen else ""
            tag = st.selectbox(
                "Trained as",
                entry.pretrained_tags,
                index=entry.pretrained_tags.index(chosen_tag) if chosen_tag in entry.pretrained_tags else 0,
                key=state.key(f"tag-{entry.name}"),
                help="The recipe and the data of the pretrained weights.",
            )
            name = f"{entry.name}.{tag}" if tag else entry.name
            st.caption("Comes from the Hugging Face Hub the first time and is kept on this machine.")
        elif kind == "random":
            st.caption("Untrained: size and latency are real, its answers mean nothing. Labelled so everywhere.")
        else:
            upload = weights_view.pick(chosen.weights_sha256 if chosen else None)
        with st.expander("Classes, channels and input size"):
            begin = {field: getattr(chosen, field) for field in SHAPE} if chosen else {}
            shape = forms.form(TimmModel, f"shape-{entry.name}", TimmModel(name=name, **begin), only=SHAPE)
        ready = (kind != "upload" or upload is not None) and not shape.problems
        if st.button("Use this model", type="primary", icon=":material/check:", disabled=not ready):
            _use(shape.settings, str(kind), upload)


def _chosen(entry: CatalogueEntry) -> TimmModel | None:
    """The draft's model where it is of this architecture."""
    model = state.draft().model
    return model if isinstance(model, TimmModel) and model.name.partition(".")[0] == entry.name else None


def _kind(model: TimmModel | None) -> str:
    """Which of WEIGHTS the model has."""
    if model is None:
        return PRETRAINED
    return "upload" if model.weights_path is not None else model.weights


def _use(shape: TimmModel, kind: str, upload: Upload | None) -> None:
    """Writes the architecture with these weights into the draft; an upload is named by its content."""
    weights = {"weights": kind} if upload is None else {"weights": upload.path, "weights_sha256": upload.sha256}
    state.choose(model=shape.model_copy(update=weights))
    st.rerun()


def _hub() -> None:
    """Draws the choice of a model on the Hugging Face Hub by its name."""
    with st.expander("A timm model on the Hugging Face Hub"):
        name = st.text_input("Owner and name", placeholder="owner/name", key="hub-name")
        if st.button("Use it", key="hub-use", disabled=not name):
            state.choose(model=TimmModel.parse({"name": f"hf_hub:{(name or '').strip()}"}))
            st.rerun()
