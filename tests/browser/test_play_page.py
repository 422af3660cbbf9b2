"""The page of xpnn play, in a browser: what is pressed does what it says."""

import ast
import io
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from processes import HANGS, run_python

SHOWS = 60
"""After how many seconds a page is taken to hang: a busy machine may make it slow."""


@pytest.fixture
def address(tmp_path):
    """Start the command in a folder with tables; return what gives its address."""
    started = []
    rng = np.random.default_rng(0)
    rows = [
        f"{x:.3f},{y:.3f},{'<b>oak</b>' if x > y else 'ash'}"
        for x, y in rng.normal(size=(60, 2))
    ]
    (tmp_path / "trees.csv").write_text("\n".join(["leaf <i>,stem,<img src=x>", *rows]) + "\n")
    (tmp_path / "words.csv").write_text("a,b\nx,p\ny,q\nx,p\ny,q\n")

    def start(*words):
        command = [sys.executable, "-m", "xpnn", "play", "--no-browser", *words]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process.stdout.readline().strip()

    yield start
    for process in started:
        process.send_signal(signal.SIGINT)
        assert process.wait(HANGS) == 0
        process.stdout.close()


def until(page, condition):
    """Wait until something is so; the page forbids what Playwright's own waiting does."""
    ends = time.monotonic() + SHOWS
    while not page.evaluate(condition):
        assert time.monotonic() < ends, f"it never is so: {condition}"
        page.wait_for_timeout(20)


def shown(page, name):
    return page.evaluate(f"at('{name}').dataset.value")


def ready(page):
    until(page, "picture !== null")


def test_from_choosing_to_the_same_numbers(open_page, address, tmp_path):
    page = open_page(address(), permissions=["clipboard-read", "clipboard-write"])
    ready(page)
    page.select_option("[name=data]", "circles")
    until(page, "session.choices.data === 'circles' && picture")
    page.click("[aria-label='layer 1: one neuron less']")
    until(page, "session.sizes[1] === 7 && picture")
    first = float(shown(page, "loss"))
    page.click("#play")
    until(page, f"picture.epoch > 30 && picture.train.loss < {0.8 * first}")
    page.click("#play")
    until(page, "!plays")
    page.click("#show-code")
    until(page, "!at('code').hidden")
    until(page, "at('code').textContent.includes('epochs=' + picture.epoch)")
    page.click("#copy")
    until(page, "at('copied').textContent === 'Copied.'")
    code = page.evaluate("navigator.clipboard.readText()")
    train, test = map(ast.literal_eval, run_python(code).stdout.splitlines())
    assert train == page.evaluate("picture.train")
    assert test == page.evaluate("picture.test")
    assert float(shown(page, "loss")) == train["loss"]
    assert "xpnn.Dense(2, 7" in code


def test_steps_and_epochs(open_page, address):
    page = open_page(address())
    ready(page)
    for step in (1, 2):
        page.click("#step")
        until(page, f"picture.step === {step}")
    assert page.inner_text("#epochs") == "0 + 2/10"
    page.click("#epoch")  # goes on to its end
    until(page, "picture.epoch === 1 && picture.step === 0")
    page.click("#epoch")
    until(page, "picture.epoch === 2")
    page.click("#again")
    until(page, "picture && picture.epoch === 0")


def type_in(page, selector, text):
    page.fill(selector, text)
    page.press(selector, "Tab")


def test_each_control_changes_what_it_says(open_page, address):
    page = open_page(address())
    ready(page)

    def chosen(name):
        return page.evaluate(f"session.choices.{name}")

    for name, text, value in [
        ("samples", "20", 20),
        ("classes", "4", 4),
        ("seed", "7", 7),
        ("batch_size", "10", 10),
        ("batch_size", "", None),
        ("l1", "0.001", 0.001),
        ("l2", "0.01", 0.01),
    ]:
        type_in(page, f"[name={name}]", text)
        until(page, f"session.choices.{name} === {'null' if value is None else value}")
    for name, value in [("noise", 0.1), ("dropout", 0.25)]:
        page.fill(f"[name={name}]", str(value))  # a slider
        until(page, f"session.choices.{name} === {value}")
        assert page.inner_text(f"label:has([name={name}]) output") == str(value)
    page.select_option("[name=optimizer]", "sgd")
    until(page, "session.choices.optimizer === 'sgd'")
    type_in(page, "[data-setting=momentum]", "0.9")
    until(page, "session.choices.settings.momentum === 0.9")
    page.check("[data-setting=nesterov]")
    until(page, "session.choices.settings.nesterov === true")
    page.select_option("[aria-label='activation of layer 2']", "relu")
    until(page, "session.choices.activations[1] === 'relu'")
    page.click("#more")
    until(page, "session.sizes.length === 5")
    page.click("#less")
    until(page, "session.sizes.length === 4")
    page.click("[aria-label='layer 2: one neuron more']")
    until(page, "session.sizes[2] === 9")
    until(page, "picture !== null")
    assert page.inner_text("#depth") == "2 hidden layers"
    assert len(page.query_selector_all(".neuron")) == 2 + 8 + 9 + 4
    for data in ("vertical", "sine", "spiral"):
        page.select_option("[name=data]", data)
        until(page, f"session.choices.data === '{data}' && picture")
    assert page.evaluate("session.rows") == 80
    code_of = "at('code').textContent"
    page.click("#show-code")
    until(page, f"{code_of}.includes('momentum=0.9, nesterov=True')")
    for words in ("Dropout(0.25)", "l1=0.001", "l2=0.01", "0.1 * draws", "default_rng(7)"):
        assert words in page.inner_text("#code")


def test_the_learning_rate_changes_while_it_plays(open_page, address):
    page = open_page(address())
    ready(page)
    page.click("#play")
    until(page, "picture.epoch > 3")
    type_in(page, "[data-setting=learning_rate]", "0.004")
    until(page, "picture !== null && Math.abs(picture.learningRate - 0.004) < 1e-6")
    assert page.evaluate("picture.epoch") > 3
    page.click("#play")
    until(page, "!plays")


def test_bad_settings_are_told_and_nothing_ends(open_page, address):
    page = open_page(address())
    ready(page)
    type_in(page, "[data-setting=learning_rate]", "-1")
    until(page, "!at('problem').hidden")
    assert page.inner_text("#problem") == "learning_rate must be a finite number > 0, got -1"
    type_in(page, "[data-setting=learning_rate]", "0.1")
    until(page, "at('problem').hidden")
    until(page, "session.choices.settings.learning_rate === 0.1 && picture")
    type_in(page, "[name=backend]", "abacus")
    until(page, "at('problem').textContent.includes('abacus')")
    page.click("#epoch")
    until(page, "picture.epoch === 1")


def test_a_table_without_numbers_is_told_on_the_page(open_page, address):
    page = open_page(address("words.csv"))
    ready(page)
    assert page.inner_text("#problem") == (
        "words.csv must have two columns of numbers beside 'b', but it has none"
    )
    page.click("#epoch")
    until(page, "picture.epoch === 1")


def test_a_table_of_one_s_own_is_learnt_and_its_words_are_no_html(open_page, address):
    page = open_page(address("trees.csv", "--target", "<img src=x>"))
    ready(page)
    until(page, "session.choices.data === 'table' && picture")
    assert page.input_value("[name=across]") == "leaf <i>"
    assert page.inner_text("#legend").startswith("<b>oak</b>ash")
    assert page.query_selector("#legend b, img, i:not(#norms i)") is None
    page.click("#play")
    until(page, "picture.train.accuracy > 0.9")
    page.click("#play")
    page.click("#show-sample")
    until(page, "at('sample').textContent.includes('the target is')")
    assert page.query_selector("#sample b") is None


def test_a_neuron_and_a_sample_are_looked_at(open_page, address):
    page = open_page(address())
    ready(page)
    before = page.evaluate("at('regions').toDataURL()")
    page.click("[aria-label='layer 1, neuron 3']")
    assert page.inner_text("#output-title") == "layer 1, neuron 3"
    assert "bias" in page.inner_text("#chosen")
    assert page.evaluate("at('regions').toDataURL()") != before
    page.click("[aria-label='layer 1, neuron 3']")
    assert page.inner_text("#output-title") == "Output"
    page.click("#regions", position={"x": 40, "y": 60})
    until(page, "sample !== null")
    row = page.evaluate("sample.row")
    assert page.input_value("#row") == str(row)
    words = page.inner_text("#sample")
    for title in ("0. Dense", "1. SiLU", "4. Dense", "5. Softmax"):
        assert title in words
    loss = page.evaluate("sample.loss")
    page.click("#step")  # what is shown is of now
    until(page, f"sample.loss !== {loss}")


def test_nobody_comes_in_without_the_token(watched, address):
    whole = address()
    bare = whole.partition("?")[0]
    page, problems = watched(bare)
    assert "Open the address" in page.inner_text("body")
    refused = page.evaluate(
        """async (address) => await new Promise((done) => {
            const socket = new WebSocket(address);
            socket.onopen = () => done("came in");
            socket.onerror = () => done("turned away");
        })""",
        bare.replace("http", "ws") + "socket?token=guess",
    )
    assert refused == "turned away"
    assert all("403" in problem for problem in problems)


def test_two_windows_see_the_same(open_page, address):
    whole = address()
    one, other = open_page(whole), open_page(whole)
    ready(one)
    ready(other)
    one.click("#epoch")
    until(other, "picture.epoch === 1")
    other.close()
    one.click("#epoch")
    until(one, "picture.epoch === 2")


SCREENS = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "dark phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


@pytest.mark.parametrize("screen", SCREENS)
def test_it_fits_on_screens(open_page, address, screen):
    """Nothing is wider than the screen; XPNN_PICTURES says where pictures are kept."""
    page = open_page(address(), **SCREENS[screen])
    ready(page)
    page.click("#play")
    until(page, "picture.epoch > 150")
    page.click("#play")
    until(page, "!plays")
    page.click("#show-code")
    page.click("#show-sample")
    until(page, "sample !== null && !at('code').hidden")
    width = page.evaluate("innerWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("regions", "losses", "play", "norms", "controls", "code", "sample"):
        box = page.locator(f"#{name}").bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= width, name
    colours = page.evaluate(
        "['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name])"
    )
    light, dark = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
    assert abs(light - dark) > 500  # words can be read
    if folder := os.environ.get("XPNN_PICTURES"):
        page.evaluate("scrollTo(0, 0)")
        keep(page.screenshot(full_page=True), f"{folder}/play {screen}.png")
        if screen == "light":
            keep(page.screenshot(), f"{folder}/play.png")  # of the guide


def keep(content, path):
    """Write a picture with few colours, which is a third of its size."""
    Image.open(io.BytesIO(content)).convert("RGB").quantize(128).save(path, optimize=True)
