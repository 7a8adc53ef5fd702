namespace CallCrm.DemoPbx.Recording;

/// <summary>A speech-like sound: a buzzing voice through two moving resonances, a syllable at a time. Says nothing, sounds like somebody.</summary>
internal static class Babble
{
    private static readonly (double First, double Second)[] Vowels = [(730, 1090), (270, 2290), (530, 1840), (570, 840), (300, 870)];

    public static short[] Make(string text, double pitch)
    {
        var samples = new List<short>();
        foreach (var word in text.Split(' '))
        {
            foreach (var letter in word.Where((_, i) => i % 3 == 0))
            {
                Syllable(samples, Vowels[letter % Vowels.Length], pitch * (1 + ((letter % 7) * 0.02)));
            }

            samples.AddRange(new short[WavFile.Rate / 14]);
        }

        return [.. samples];
    }

    private static void Syllable(List<short> samples, (double First, double Second) vowel, double pitch)
    {
        const int Length = WavFile.Rate / 7;
        for (var i = 0; i < Length; i++)
        {
            var time = (double)i / WavFile.Rate;
            var value = 0.0;
            for (var harmonic = 1; harmonic * pitch < 3400; harmonic++)
            {
                var frequency = harmonic * pitch;
                var gain = Resonance(frequency, vowel.First) + (0.5 * Resonance(frequency, vowel.Second));
                value += gain * Math.Sin(2 * Math.PI * frequency * time);
            }

            var envelope = Math.Sin(Math.PI * i / Length);
            samples.Add((short)Math.Clamp(value * envelope * 3000, -20000, 20000));
        }
    }

    private static double Resonance(double frequency, double centre)
    {
        var distance = (frequency - centre) / 120;
        return 1 / (1 + (distance * distance));
    }
}
