from concurrent.futures import Future


def test_the_demo_plays_both_of_its_acts(played: Future[str]):
    story = played.result(timeout=600)
    print(story)
    assert ['The first act' in story, 'The second act' in story] == [True, True]
    assert 'Every figure is what the rules say.' in story
