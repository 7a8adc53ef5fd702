namespace CallCrm.CallFlow.Demo;

/// <summary>Chance that is the same for the same seed.</summary>
internal sealed class DemoRandom(int seed)
{
    readonly Random random = new(seed);

    public int Next(int below) => random.Next(below);

    public double Next() => random.NextDouble();

    public bool Percent(double percent) => random.NextDouble() * 100 < percent;

    public double Between(double least, double most) => least + random.NextDouble() * (most - least);

    public T One<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];

    /// <summary>Mostly short, sometimes long, on average <paramref name="mean"/>.</summary>
    public double Exponential(double mean) => -mean * Math.Log(1 - random.NextDouble());

    /// <summary>Around <paramref name="median"/>, skewed to the long side, as conversations are.</summary>
    public double LogNormal(double median, double spread)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return median * Math.Exp(spread * normal);
    }

    /// <summary>UUID v7 of that time (RFC 9562), from this seed.</summary>
    public Guid Id(DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        var ms = at.ToUnixTimeMilliseconds();
        for (var n = 0; n < 6; n++) bytes[n] = (byte)(ms >> (8 * (5 - n)));
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
